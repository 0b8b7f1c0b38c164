import Glibc
import Inference
import TestSupport
import Testing

/// Memory that the system does not give is an error of the work that asked for it.
struct MemoryTests {
    private static let pool1 = "pool1"

    private static func walk(
        _ extractor: Extractor, _ image: Image, _ team: Team,
        _ demand: FeatureDemand = FeatureDemand()
    ) throws -> [FeatureResult] {
        guard let tap = Tap(pool1) else { return [] }
        return try extractor.run(
            images: [image], demands: [TapDemand(tap: tap, demand)], team: team)
    }

    private static func gradient(
        _ extractor: Extractor, _ image: Image, _ team: Team
    ) throws -> [ImageGradient] {
        guard let tap = Tap(pool1) else { return [] }
        let tape = try extractor.record(
            images: [image], demands: [TapDemand(tap: tap)], team: team
        ).tape
        return try extractor.gradients(tape, cotangents: [], team: team)
    }

    private static func isOutOfMemory(_ body: () throws -> Void) -> Bool {
        do {
            try body()
            return false
        } catch {
            return error as? InferenceError == .outOfMemory
        }
    }

    /// In a process of its own, which has 64 MiB more than it takes for the small image.
    @Test(.enabled(if: !Sanitizer.isOn))
    func `where the system gives too little, the work ends and the next goes on`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let extractor = Extractor(
                network: TestNetworks.vgg16, buffers: BufferPool(retainedBytesMax: 0))
            let pool = WorkerPool(workers: 2)
            let small = TestNetworks.image(width: 20, height: 16)
            // Kept features of 128 MiB; rows of 18 KB a column; a gradient of 100 MB.
            let square = TestNetworks.image(width: 1448, height: 1448)
            let wide = TestNetworks.image(width: 60_000, height: 8)
            let large = TestNetworks.image(width: 64, height: 130_000)
            func works() throws -> Bool {
                try pool.runAndWait { team in
                    try MemoryTests.walk(extractor, small, team, FeatureDemand(maps: [0])).count
                        == 1
                        && MemoryTests.gradient(extractor, small, team).count == 1
                }
            }
            guard try works() else { exit(1) }
            AddressSpaceLimit.set(free: 64 << 20)
            let failures = pool.runAndWait { team in
                [
                    MemoryTests.isOutOfMemory {
                        _ = try MemoryTests.walk(extractor, square, team, FeatureDemand(maps: [0]))
                    },
                    MemoryTests.isOutOfMemory { _ = try MemoryTests.walk(extractor, wide, team) },
                    MemoryTests.isOutOfMemory {
                        _ = try MemoryTests.gradient(extractor, large, team)
                    },
                ]
            }
            guard failures == [true, true, true] else { exit(2) }
            guard try works() else { exit(3) }
            exit(0)
        }
    }

    @Test(.enabled(if: !Sanitizer.isOn))
    func `a pool lets go of what it keeps before it says that there is nothing`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let pool = BufferPool(retainedBytesMax: 1 << 30)
            pool.giveBack(try pool.take(count: 16 << 20))
            AddressSpaceLimit.set(free: 48 << 20)
            // 64 MiB are kept, 48 are to be had, 96 are asked for.
            guard try pool.take(count: 24 << 20).count == 24 << 20 else { exit(1) }
            exit(0)
        }
    }

    @Test(.enabled(if: !Sanitizer.isOn))
    func `a helper without scratch memory leaves the work to the others`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let pool = WorkerPool(workers: 3)
            let count = pool.runAndWait { team -> Int in
                guard team.workspace.reserve(24 << 20) else { exit(1) }
                AddressSpaceLimit.set(free: 48 << 20)
                do {
                    let all = try team.reserving(scratch: 24 << 20)
                    return all.map(1000) { $0 }.reduce(0, +)
                } catch {
                    exit(2)
                }
            }
            exit(count == 999 * 500 ? 0 : 3)
        }
    }

    /// What is reserved for loops before they begin is what they take, and no less.
    @Test(arguments: InstructionSet.allCases.filter(\.isSupported), [(33, 17), (140, 90)])
    func `loops take the scratch memory of the plan`(
        set: InstructionSet, size: (width: Int, height: Int)
    ) throws {
        let extractor = Extractor(network: TestNetworks.vgg16, instructionSet: set)
        let images = (0..<2).map {
            TestNetworks.image(width: size.width, height: size.height, seed: $0)
        }
        let kinds: [SummaryKind] = [.products, .centredProducts, .moments]
        let demand = FeatureDemand(
            summaries: kinds.map { SummaryDemand(0, $0) }
                + [SummaryDemand(1, .centredProducts, changeFrom: 0)],
            maps: [0])
        let taps = try ["relu1_2", "pool2", "conv3_1"].map { try #require(Tap($0)) }
        let demands = taps.map { TapDemand(tap: $0, demand) }
        let pool = WorkerPool(workers: 1)
        defer { pool.stop() }
        let taken = try pool.runAndWait { team in
            _ = try extractor.run(
                images: images, differences: [1: 0], demands: demands, team: team)
            return team.workspace.count
        }
        let plan = WalkPlan(
            variant: NetworkVariant(.vgg16), demands: demands, height: size.height,
            width: size.width, images: 2, hasDifferences: true, workers: 1, tilesPerStep: nil)
        #expect(taken == plan.workspaceCount(mr: Kernels(set).mr))
    }
}
