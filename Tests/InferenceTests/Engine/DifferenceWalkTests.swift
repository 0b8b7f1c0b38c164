import Inference
import TestSupport
import Testing

/// The walk of a difference against direct loops in double precision.
struct DifferenceWalkTests {
    private static let pool = WorkerPool(workers: 2)
    private static let taps = [
        "conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1", "relu2_2", "pool2",
        "relu3_1",
    ].compactMap { Tap($0) }

    /// An image that differs from another a little: in a few samples, by a step or two.
    static func near(_ image: Image, every: Int = 3, step: Int = 1) -> Image {
        var samples = [UInt8](repeating: 0, count: 3 * image.width * image.height)
        var row = [Float](repeating: 0, count: 3 * image.width)
        for y in 0..<image.height {
            row.withUnsafeMutableBufferPointer { image.readRow(y, into: $0) }
            for (i, value) in row.enumerated() {
                let at = y * row.count + i
                let sample = Int((255 * value).rounded())
                let change = at % every == 0 ? (sample + step > 255 ? -step : step) : 0
                samples[at] = UInt8(sample + change)
            }
        }
        return Image(width: image.width, height: image.height, channels: 3, uint8: samples)
    }

    @Test(arguments: ExtractorTests.instructionSets)
    func `differences of features equal direct loops`(_ instructionSet: InstructionSet) throws {
        for (height, width) in [(4, 4), (5, 7), (13, 18), (7, 133)] {
            for every in [1, 7, 100_003] {
                try expect(height, width, every: every, Self.taps, instructionSet)
            }
        }
    }

    private func expect(
        _ height: Int, _ width: Int, every: Int, _ taps: [Tap], _ instructionSet: InstructionSet
    ) throws {
        let taps = taps.filter { NetworkVariant(.vgg16).minimumSide(for: $0) <= min(height, width) }
        let target = TestNetworks.image(width: width, height: height)
        let output = Self.near(target, every: every)
        let network = TestNetworks.vgg16
        let t = ReferenceLayers.walk(target, through: network, taps: Set(taps))
        let o = ReferenceLayers.walk(output, through: network, taps: Set(taps))
        let extractor = Extractor(network: network, instructionSet: instructionSet)
        let results = try Self.pool.runAndWait {
            try extractor.run(
                images: [target, output], differences: [1: 0],
                demands: taps.map { TapDemand(tap: $0, FeatureDemand(maps: [0, 1])) }, team: $0)
        }
        for (tap, result) in zip(taps, results) {
            let features = try #require(result.maps[0]).valuesCHW.map(Double.init)
            let closeness = Closeness(features, to: t[tap]?.values ?? [])
            #expect(closeness.relative < 1e-5, "\(tap) \(height)x\(width): \(closeness)")
            let differences = try #require(result.maps[1]).valuesCHW.map(Double.init)
            let exact = zip(o[tap]?.values ?? [], t[tap]?.values ?? []).map { $0 - $1 }
            // Where t or t + d passes 0 a difference has the error of t; a sum of them has that of d.
            let size = exact.reduce(0) { $0 + abs($1) }
            let error = zip(differences, exact).reduce(0) { $0 + abs($1.0 - $1.1) } / size
            #expect(
                error < (every > 1000 ? 1e-3 : 1e-4),
                "\(tap) \(height)x\(width) every \(every): \(error)")
        }
    }

    // Everything about the differences of two images from a third.
    private static func answer(
        _ order: [Image], differences: [Int: Int], of images: [Int], workers: Int = 1,
        tilesPerStep: Int? = nil
    ) throws -> [[Float]] {
        let extractor = Extractor(network: TestNetworks.vgg16, tilesPerStep: tilesPerStep)
        let pool = WorkerPool(workers: workers)
        defer { pool.stop() }
        let results = try pool.runAndWait {
            try extractor.run(
                images: order, differences: differences,
                demands: taps.map { TapDemand(tap: $0, FeatureDemand(maps: images)) }, team: $0)
        }
        return results.flatMap { result in
            images.compactMap { result.maps[$0]?.valuesCHW }
        }
    }

    @Test func `bands, workers and a stack change no bit of a difference`() throws {
        for (width, height) in [(41, 35), (149, 19)] {
            let target = TestNetworks.image(width: width, height: height)
            let (a, b) = (Self.near(target), Self.near(target, every: 100_003))
            let other = TestNetworks.image(width: width, height: height, seed: 9)
            let alone = try Self.answer([target, a], differences: [1: 0], of: [0, 1])
            let second = try Self.answer([target, b], differences: [1: 0], of: [1])
            for (workers, tilesPerStep) in [(2, 1), (3, 23), (2, 100_000)] {
                let again = try Self.answer(
                    [target, a], differences: [1: 0], of: [0, 1], workers: workers,
                    tilesPerStep: tilesPerStep)
                #expect(again == alone)
                let both = try Self.answer(
                    [b, other, a, target], differences: [0: 3, 2: 3], of: [3, 2, 0],
                    workers: workers, tilesPerStep: tilesPerStep)
                let ofA = both.indices.filter { $0 % 3 < 2 }.map { both[$0] }
                let ofB = both.indices.filter { $0 % 3 == 2 }.map { both[$0] }
                #expect(ofA == alone)
                #expect(ofB == second)
            }
        }
    }

    @Test func `a target has the bits that it has without differences`() throws {
        let target = TestNetworks.image(width: 37, height: 26)
        let alone = try Self.answer([target], differences: [:], of: [0])
        let beside = try Self.answer(
            [target, Self.near(target)], differences: [1: 0], of: [0])
        #expect(beside == alone)
    }

    @Test func `an image differs from itself by exactly nothing`() throws {
        let target = TestNetworks.image(width: 37, height: 26)
        let differences = try Self.answer([target, target], differences: [1: 0], of: [1])
        let isZero = differences.joined().allSatisfy { $0 == 0 }
        #expect(isZero)
    }
}
