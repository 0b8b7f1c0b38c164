import Inference
import TestSupport
import Testing

struct ExtractorErrorTests {
    private static let pool = WorkerPool(workers: 1)

    private func run(
        _ images: [Image], _ names: [String], on team: Team? = nil
    ) throws -> [FeatureResult] {
        let demands = names.compactMap { Tap($0) }.map { TapDemand(tap: $0) }
        let extractor = Extractor(network: TestNetworks.vgg16)
        return try Self.pool.runAndWait {
            try extractor.run(images: images, demands: demands, team: team ?? $0)
        }
    }

    @Test func `an image too small for a tap is refused with the least side`() {
        let image = TestNetworks.image(width: 40, height: 15)
        #expect(throws: InferenceError.imageTooSmall(minimum: 16, tap: "pool4")) {
            try run([image], ["pool1", "pool4"])
        }
    }

    @Test func `images of different sizes do not share a stack`() {
        let images = [(8, 9), (9, 8)].map { TestNetworks.image(width: $0, height: $1) }
        let mismatch = InferenceError.shapeMismatch(
            "images of one stack must be of one size, not 8x9 and 9x8")
        #expect(throws: mismatch) { try run(images, ["relu1_1"]) }
    }

    @Test func `a layer of the other network is unknown`() {
        let image = TestNetworks.image(width: 16, height: 16)
        #expect(throws: InferenceError.unknownLayer("relu3_4")) { try run([image], ["relu3_4"]) }
    }

    @Test func `nothing demanded is nothing done`() throws {
        #expect(try run([TestNetworks.image(width: 16, height: 16)], []).isEmpty)
    }

    @Test func `work that nobody waits for ends between two steps`() {
        let image = TestNetworks.image(width: 16, height: 16)
        let extractor = Extractor(network: TestNetworks.vgg16)
        #expect(throws: InferenceError.cancelled) {
            try Self.pool.runAndWait { team in
                try extractor.run(
                    images: [image], demands: [TapDemand(tap: #require(Tap("pool1")))],
                    team: team.cancelled(when: { true }))
            }
        }
    }
}
