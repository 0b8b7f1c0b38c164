/// A VGG ready to run: the network's weights in the form the kernels read, and its buffers.
public final class Extractor: Sendable {
    /// The network that runs.
    public let network: Network
    /// The kernels in use.
    public let instructionSet: InstructionSet

    let kernels: Kernels
    let first: FirstConvolution
    let convolutions: [WinogradConvolution]
    /// The same, for the way back.
    let transposed: [WinogradConvolution]
    /// The buffers of its walks, which several engines may share.
    public let buffers: BufferPool
    let tilesPerStep: Int?

    /// Prepares the network for an instruction set, the best one when nil.
    ///
    /// `buffers` keeps memory of one run for the next, and several engines may share it.
    public convenience init(
        network: Network, instructionSet: InstructionSet? = nil,
        buffers: BufferPool = BufferPool()
    ) {
        self.init(
            network: network, instructionSet: instructionSet, tilesPerStep: nil, buffers: buffers)
    }

    /// The same with layers that compute so many tiles, over all images, before they hand them on,
    /// instead of what suits each: it changes time and memory and, as tests hold, not a bit.
    package init(
        network: Network, instructionSet: InstructionSet? = nil, tilesPerStep: Int?,
        buffers: BufferPool = BufferPool()
    ) {
        self.tilesPerStep = tilesPerStep
        self.buffers = buffers
        self.network = network
        let instructionSet = instructionSet ?? .best
        self.instructionSet = instructionSet.isSupported ? instructionSet : .portable
        let kernels = Kernels(self.instructionSet)
        self.kernels = kernels
        first = FirstConvolution(network.convolutions[0])
        convolutions = network.convolutions.dropFirst().map {
            WinogradConvolution($0, kernels: kernels)
        }
        transposed = network.convolutions.dropFirst().map {
            WinogradConvolution($0, direction: .backward, kernels: kernels)
        }
    }

    /// Walks a stack of images of equal size through a variant of the network, as far as the last tap
    /// needs, and answers each demand, in order. Variant and preprocessing are those that the weights
    /// were trained with when nil.
    ///
    /// `differences` gives the images, by position, that are walked as their difference from another
    /// image of the stack: what is answered for them is of the difference of both images' features,
    /// with an error relative to that difference.
    ///
    /// What it answers for an image does not depend on the other images of the stack, on the number
    /// of threads or on load: the same bits on the same machine.
    /// - Parameters:
    ///   - masks: the masks of the images, by position, of which demands weigh positions.
    ///   - kept: features of earlier walks, by the number that demands name them with.
    /// - Throws: `shapeMismatch` when sizes differ, `imageTooSmall` when a tap would be empty,
    ///   `unknownLayer` when the network lacks a tap, `cancelled` when the team's work is, `outOfMemory`.
    public func run(
        images: [Image], differences: [Int: Int] = [:], demands: [TapDemand],
        variant: NetworkVariant? = nil, preprocessing: Preprocessing? = nil,
        masks: [Int: Mask] = [:], kept: KeptFeatures = [:], team: Team
    ) throws(InferenceError) -> [FeatureResult] {
        guard let image = images.first, !demands.isEmpty else { return [] }
        let variant = variant ?? network.defaultVariant
        try check(images, taps: demands.map(\.tap), variant)
        precondition(differences.isEmpty || variant.walksDifferences)
        precondition(differences.values.allSatisfy { differences[$0] == nil })
        let plan = plan(
            variant, demands, height: image.height, width: image.width, images: images.count,
            hasDifferences: !differences.isEmpty, workers: team.workers)
        let walk = try Walk(
            extractor: self, variant: variant,
            preprocessing: preprocessing ?? network.preprocessing, plan: plan, images: images,
            targets: differences, demands: demands, masks: masks, kept: kept, team: team)
        return try walk.run()
    }

    func check(
        _ images: [Image], taps: [Tap], _ variant: NetworkVariant
    ) throws(InferenceError) {
        precondition(variant.architecture == network.architecture, "a variant of another network")
        for image in images {
            guard image.size == images[0].size else {
                throw .shapeMismatch(
                    "images of one stack must be of one size, not "
                        + "\(images[0].width)x\(images[0].height) and \(image.width)x\(image.height)"
                )
            }
        }
        for tap in taps {
            guard variant.has(tap) else { throw .unknownLayer(tap.description) }
            let minimum = variant.minimumSide(for: tap)
            for image in images where min(image.height, image.width) < minimum {
                throw .imageTooSmall(minimum: minimum, tap: tap.description)
            }
        }
    }

    func plan(
        _ variant: NetworkVariant, _ demands: [TapDemand], through: Tap? = nil, height: Int,
        width: Int, images: Int, hasDifferences: Bool = false, workers: Int,
        recordedFrom: Int? = nil
    ) -> WalkPlan {
        WalkPlan(
            variant: variant, demands: demands, through: through, height: height, width: width,
            images: images, hasDifferences: hasDifferences, workers: workers,
            tilesPerStep: tilesPerStep, recordedFrom: recordedFrom)
    }

    /// The bytes that `run` takes for such a stack beside the images: rows, scratch memory of
    /// `workers` threads, sums of Gram matrices, kept feature maps, and kernels that have to be made
    /// first.
    public func workingBytes(
        imageCount: Int, hasDifferences: Bool = false, height: Int, width: Int,
        demands: [TapDemand], variant: NetworkVariant? = nil, workers: Int
    ) -> Int {
        let variant = variant ?? network.defaultVariant
        let plan = plan(
            variant, demands, height: height, width: width, images: imageCount,
            hasDifferences: hasDifferences, workers: workers)
        let scratch = plan.workspaceCount(mr: kernels.mr) * MemoryLayout<Float>.stride
        let size = ImageSize(height: height, width: width)
        let statistics = demands.reduce(0) {
            $0 + $1.features.resultBytes(variant.features(of: size, at: $1.tap))
        }
        var kernelBytes = 0
        for case .convolution(let number) in plan.stages.map(\.layer) where number > 0 {
            let convolution = convolutions[number - 1]
            kernelBytes += convolution.transformedBytes - convolution.madeBytes
        }
        return plan.arenaCount * MemoryLayout<Float>.stride + workers * scratch + statistics
            + kernelBytes
    }
}
