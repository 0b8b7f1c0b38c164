import Inference

/// Images that go through the network on their own, not as pairs: for features and Gram matrices.
struct ImageWalk: Sendable {
    let model: Model
    let images: ImageList
    /// How the network is run, and what it is fed with: as the loss does both.
    let variant: NetworkVariant
    let input: Preprocessing
    /// In network order, each once.
    let taps: [Tap]

    /// The images `image` of a submission and the layers asked for, those of the loss when none are.
    init(
        _ submission: Submission, _ set: OptionSet, _ loss: Loss, _ models: Models,
        _ configuration: Configuration
    ) throws(ServiceError) {
        model = try models.fitting(loss, set)
        images = try submission.images("image", try ArrayOptions(set), configuration)
        let architecture = model.network.architecture
        variant = loss.network.variant(architecture)
        input = loss.input ?? model.network.preprocessing
        let names = LayerNames(architecture: architecture)
        if let wanted = try set.weights(.layers) {
            if let stranger = wanted.first(where: { !names.all.contains($0.name) }) {
                throw names.unknown(stranger.name, in: OptionName.layers.rawValue)
            }
            taps = VGG.taps(architecture).filter { tap in
                wanted.contains { $0.name == tap.description }
            }
        } else {
            taps = try loss.taps(of: architecture)
        }
        guard images.count > 0 else {
            throw ServiceError(.missingInput, "There is no image; send one or more.")
        }
        guard !taps.isEmpty else {
            throw ServiceError.emptyLayers
        }
        try checkSides()
    }

    private func checkSides() throws(ServiceError) {
        for index in 0..<images.count {
            let size = images.size(of: index)
            for tap in taps where min(size.height, size.width) < variant.minimumSide(for: tap) {
                throw ServiceError(
                    InferenceError.imageTooSmall(
                        minimum: variant.minimumSide(for: tap), tap: tap.description))
            }
        }
    }

    /// - Throws: `shape_mismatch` unless the images fit one tensor.
    func checkEqualSizes() throws(ServiceError) { try images.checkEqualSizes() }

    /// Bytes of the taps' features of all images.
    var featureBytes: Int {
        (0..<images.count).bytes { index in
            let size = images.size(of: index)
            return taps.bytes { tap in
                let shape = variant.shape(of: tap, height: size.height, width: size.width)
                return shape.channels.times(shape.height).times(shape.width).times(4)
            }
        }
    }

    /// Bytes of decoding and of the largest image's walk.
    func workBytes(_ demand: (Tap) -> TapDemand, workers: Int) -> Int {
        let walks = images.sources.map {
            model.extractor.workingBytes(
                imageCount: 1, height: $0.height, width: $0.width, demands: taps.map(demand),
                variant: variant, workers: workers)
        }
        return images.decodedBytes.plus(walks.max() ?? 0)
    }

    /// Walks each image; the results are by image, then by tap.
    func run(
        _ run: inout JobRun, _ demand: @Sendable (Tap) -> TapDemand
    ) throws(ServiceError) -> (results: [[FeatureResult]], warnings: [Warning]) {
        let decoded = try run.measure(.decode) { team throws(ServiceError) in
            try DecodedList(images, team)
        }
        let results = try run.measure(.features) { team throws(ServiceError) in
            var results: [[FeatureResult]] = []
            for image in decoded.images {
                do throws(InferenceError) {
                    results.append(
                        try model.extractor.run(
                            images: [image], demands: taps.map(demand), variant: variant,
                            preprocessing: input, team: team))
                } catch {
                    throw ServiceError(error)
                }
            }
            return results
        }
        return (results, model.warnings + decoded.warnings)
    }
}

extension ServiceError {
    static let emptyLayers = ServiceError(
        .invalidOption, "The option layers is empty; name one or more layers.")
}
