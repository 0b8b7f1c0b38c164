import Inference
import TestSupport
import Testing

/// One convolution in the tile domain by itself, band after band, against direct loops.
struct ConvolutionStepTests {
    private static let pools = [1, 3].map { WorkerPool(workers: $0) }
    private static let sizes = [(1, 1), (2, 2), (3, 5), (4, 4), (5, 3), (9, 6), (6, 13)]
    // From 64 to 64 channels, and to 128.
    private static let layers = [
        TestNetworks.vgg16.convolutions[1], TestNetworks.vgg16.convolutions[2],
    ]

    /// How a step is cut; no bit depends on it.
    private struct Cut {
        let pool: WorkerPool
        /// Rows of tiles in one go.
        let bands: Int
        let splitsColumns: Bool

        static let all = ConvolutionStepTests.pools.flatMap { pool in
            [(1, false), (1, true), (2, false), (100, true)].map {
                Cut(pool: pool, bands: $0.0, splitsColumns: $0.1)
            }
        }

        func segments(across: Int) -> [Range<Int>] {
            splitsColumns && across > 1 ? [0..<1, 1..<across] : [0..<across]
        }
    }

    /// What a convolution makes of some images of one size.
    private struct Outputs: Equatable {
        var conv: [[Double]] = []
        var relu: [[Double]] = []
        var pool: [[Double]] = []
    }

    // The input's ring holds no more rows than one go reads.
    private func run(
        _ convolution: WinogradConvolution, _ images: [ReferenceFeatures], _ border: Border,
        _ set: InstructionSet, _ cut: Cut
    ) throws -> Outputs {
        let (height, width) = (images[0].height, images[0].width)
        let input = RowRing.kept(
            height: height, width: width, channels: images[0].channels, slots: 4 * cut.bands + 2,
            images: images.count)
        let ring = { (height: Int, width: Int) in
            RowRing.kept(
                height: height, width: width, channels: convolution.ocBlocks * Kernels.block,
                images: images.count)
        }
        var sinks = Sinks<RowRing>()
        (sinks.conv, sinks.relu) = (ring(height, width), ring(height, width))
        if min(height, width) > 1 { sinks.pool = ring(height / 2, width / 2) }
        let zeros = [Float](
            repeating: 0, count: (width + 8) * convolution.icBlocks * Kernels.block)
        var loaded = 0
        try zeros.withUnsafeBufferPointer { zeros in
            guard let zeros = zeros.baseAddress else { return }
            try cut.pool.runAndWait { team in
                let step = ConvolutionStep(
                    convolution: convolution, u: try convolution.transformedKernels(team),
                    kernels: Kernels(set), height: height, width: width, input: input,
                    border: border, zeros: zeros, outputs: sinks)
                let rows = (height + 3) / 4
                for first in stride(from: 0, to: rows, by: cut.bands) {
                    let bands = first..<min(first + cut.bands, rows)
                    for y in loaded..<min(4 * bands.upperBound + 1, height) {
                        for (image, features) in images.enumerated() {
                            input.write(features, row: y, image: image)
                            input.fillEdges(y, image: image, border: border)
                        }
                        loaded = y + 1
                    }
                    step.run(
                        TileOrder(
                            ImageGroup.groups(images: images.count), tileRows: bands,
                            segments: cut.segments(across: (width + 3) / 4)), team: team)
                }
            }
        }
        expectZerosAround(sinks.relu, images.count)
        func values(_ ring: RowRing?) -> [[Double]] {
            ring.map { ring in images.indices.map { ring.values(image: $0) } } ?? []
        }
        return Outputs(
            conv: values(sinks.conv), relu: values(sinks.relu), pool: values(sinks.pool))
    }

    // The next convolution's padding.
    private func expectZerosAround(_ ring: RowRing?, _ images: Int) {
        guard let ring else { return }
        for image in 0..<images {
            for y in 0..<ring.height {
                for block in 0..<ring.blocks {
                    let row = ring.pixels(y, image: image, block: block)
                    for x in [-1] + Array(ring.width...(ring.width + 3) / 4 * 4) {
                        for c in 0..<Kernels.block where row[x * Kernels.block + c] != 0 {
                            Issue.record("\(x) of row \(y) is written")
                        }
                    }
                }
            }
        }
    }

    private func expect(
        _ outputs: Outputs, toBe expected: [ReferenceFeatures], _ set: InstructionSet
    ) {
        for (image, features) in expected.enumerated() {
            #expect(Closeness(outputs.conv[image], to: features.values).relative < 1e-5, "\(set)")
            let relu = ReferenceLayers.relu(features)
            #expect(outputs.relu[image] == outputs.conv[image].map { max(0, $0) })
            #expect(Closeness(outputs.relu[image], to: relu.values).relative < 1e-5, "\(set)")
            guard !outputs.pool.isEmpty else { continue }
            let pool = ReferencePools.pool(relu, NetworkVariant(.vgg16))
            #expect(Closeness(outputs.pool[image], to: pool.values).relative < 1e-5, "\(set)")
        }
    }

    @Test(arguments: sizes, [Border.zero, .replicate, .reflect])
    func `forward, with every border, however it is cut`(
        size: (height: Int, width: Int), border: Border
    ) throws {
        // A mirror needs a second pixel.
        guard border != .reflect || min(size.height, size.width) > 1 else { return }
        let padding: ReferencePadding =
            switch border {
            case .zero: .zero
            case .replicate: .replicate
            case .reflect: .reflect
            }
        for layer in Self.layers {
            let images = (1...2).map {
                ReferenceFeatures.noise(
                    channels: 64, height: size.height, width: size.width, seed: $0)
            }
            let expected = images.map {
                ReferenceLayers.convolution(
                    $0, weights: layer.weights.floats().map(Double.init),
                    bias: layer.bias.map(Double.init), padding: padding)
            }
            for set in KernelInputs.sets {
                let convolution = WinogradConvolution(layer, kernels: Kernels(set))
                let first = try run(convolution, images, border, set, Cut.all[0])
                expect(first, toBe: expected, set)
                for cut in Cut.all.dropFirst() {
                    #expect(try run(convolution, images, border, set, cut) == first, "\(cut)")
                }
            }
        }
    }

    @Test(arguments: [(1, 1), (5, 7), (8, 4)])
    func `backward, with turned kernels and no bias`(size: (height: Int, width: Int)) throws {
        for layer in Self.layers {
            let (inChannels, outChannels) = (layer.shape.inChannels, layer.shape.outChannels)
            let weights = layer.weights.floats().map(Double.init)
            var turned: [Double] = []
            for i in 0..<inChannels {
                for o in 0..<outChannels {
                    for k in 0..<9 { turned.append(weights[(o * inChannels + i) * 9 + 8 - k]) }
                }
            }
            let gradient = ReferenceFeatures.noise(
                channels: outChannels, height: size.height, width: size.width, seed: 3)
            let expected = ReferenceLayers.convolution(
                gradient, weights: turned, bias: Array(repeating: 0, count: inChannels))
            for set in KernelInputs.sets {
                let convolution = WinogradConvolution(
                    layer, direction: .backward, kernels: Kernels(set))
                let outputs = try run(convolution, [gradient], .zero, set, Cut.all[0])
                #expect(
                    Closeness(outputs.conv[0], to: expected.values).relative < 1e-5, "\(set)")
            }
        }
    }

    @Test func `transformed kernels are made once, when they are asked for`() throws {
        let convolution = WinogradConvolution(Self.layers[0], kernels: Kernels(.portable))
        #expect(convolution.madeBytes == 0)
        let made = try Self.pools[0].runAndWait { team in
            (try convolution.transformedKernels(team), try convolution.transformedKernels(team))
        }
        #expect(made.0 === made.1)
        #expect(convolution.madeBytes == 4 * 36 * 64 * 64)
        #expect(convolution.transformedBytes == convolution.madeBytes)
    }

    @Test(arguments: [1, 2, 4, 8], [6, 14, 28])
    func `no block of tiles is larger than its scratch memory`(icBlocks: Int, mr: Int) {
        for workers in [1, 2, 7] {
            let most = ConvolutionStep.tilesPerBlockMax(icBlocks: icBlocks, mr: mr)
            let share = ConvolutionStep.tilesPerBlock(icBlocks: icBlocks, mr: mr) * workers
            for tiles in [1, mr, share - 1, share, share * 3 / 2, 10 * share + 1] {
                let order = TileOrder(
                    ImageGroup.groups(images: 1), tileRows: 0..<1, segments: [0..<tiles])
                let (blocks, unit) = ConvolutionStep.blocks(
                    tiles: tiles, icBlocks: icBlocks, mr: mr, workers: workers)
                let counts = (0..<blocks).map {
                    order.places(ofBlock: $0, of: blocks, unit: unit).count
                }
                #expect(counts.reduce(0, +) == tiles)
                #expect(counts.allSatisfy { $0 <= most }, "\(tiles) of \(workers) workers")
            }
        }
    }
}
