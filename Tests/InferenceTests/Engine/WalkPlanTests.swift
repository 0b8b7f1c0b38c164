import Inference
import TestSupport
import Testing

/// The plan of a walk alone: which stages there are, what they read and write, what memory they take.
struct WalkPlanTests {
    private func plan(
        _ taps: [String], variant: NetworkVariant = NetworkVariant(.vgg16), height: Int = 97,
        width: Int = 61, images: Int = 2, workers: Int = 2, tilesPerStep: Int? = nil,
        maps: [Int] = [0]
    ) throws -> WalkPlan {
        let demands = try taps.map {
            TapDemand(tap: try #require(Tap($0)), FeatureDemand(maps: maps))
        }
        return WalkPlan(
            variant: variant, demands: demands, height: height, width: width, images: images,
            workers: workers, tilesPerStep: tilesPerStep)
    }

    @Test(arguments: [
        (["conv1_1"], 1, "relu1_1"), (["pool1"], 2, "relu1_2"), (["conv2_1"], 3, "relu2_1"),
        (["relu5_3", "relu1_1"], 13, "relu5_3"), (["pool5"], 13, "relu5_3"),
    ])
    func `goes as far as the last tap and no further`(
        taps: [String], count: Int, last: String
    ) throws {
        let stages = try plan(taps).stages
        #expect(stages.count == count)
        #expect(stages.last?.shape.reluTap.description == last)
        #expect(stages.last?.feeds == nil)
        #expect(stages.filter(\.isTapped).count == taps.count)
    }

    @Test func `what is neither tapped nor read is not written`() throws {
        let stages = try plan(["conv1_2", "pool2", "relu3_1"]).stages
        let written = stages.map { stage in Tap.Kind.allCases.filter(stage.writes) }
        #expect(
            written == [[.relu], [.conv, .pool], [.relu], [.pool], [.relu]])
        #expect(stages[1].demands.conv == [0] && stages[3].demands.pool == [1])
        #expect(stages[4].demands.relu == [2])
    }

    // A pool that is not fused is a stage of its own, and reads the ReLU.
    @Test(arguments: [
        NetworkVariant(.vgg16, pooling: .average(scale: 1)),
        NetworkVariant(.vgg16, pooling: .l2Hann), NetworkVariant(.vgg16, rounding: .ceil),
    ])
    func `other pools are stages of their own`(variant: NetworkVariant) throws {
        let stages = try plan(["pool1", "relu2_1"], variant: variant).stages
        #expect(stages.map(\.isPool) == [false, false, true, false])
        #expect(stages[1].feeds == .relu && stages[2].feeds == .pool)
        #expect(stages[2].demands.pool == [0])
        // Behind the last tap there is none.
        #expect(try plan(["relu1_2"], variant: variant).stages.count == 2)
    }

    @Test(arguments: [NetworkVariant.Rounding.floor, .ceil], [(8, 8), (97, 61), (33, 50)])
    func `sides are those of the variant at every tap`(
        rounding: NetworkVariant.Rounding, size: (height: Int, width: Int)
    ) throws {
        let variant = NetworkVariant(.vgg19, rounding: rounding)
        let plan = try plan(["relu4_1"], variant: variant, height: size.height, width: size.width)
        for stage in plan.stages {
            for kind in Tap.Kind.allCases where stage.makes(kind, in: variant) {
                let tap = try #require(stage.shape.tap(kind))
                let shape = variant.shape(of: tap, height: size.height, width: size.width)
                #expect(stage.height(kind) == shape.height && stage.width(kind) == shape.width)
            }
        }
    }

    @Test(arguments: [1, 23, 200, 100_000])
    func `bands are all rows, and a step has what its input holds`(tilesPerStep: Int) throws {
        let plan = try plan(
            ["pool3", "relu4_2"], height: 131, width: 45, tilesPerStep: tilesPerStep)
        for (index, stage) in plan.stages.enumerated() {
            #expect(stage.rows(.relu, afterBands: 0) == 0)
            #expect(stage.rows(.relu, afterBands: stage.bands) == stage.height)
            #expect(stage.rows(.pool, afterBands: stage.bands) == stage.pooledHeight)
            #expect(stage.inputRows(forBands: stage.bands) == stage.height)
            #expect(stage.bandsPerStep >= 1 && stage.bandsPerStep <= stage.bands)
            guard let feeds = stage.feeds else { continue }
            // While a step of the next stage reads, its rows and a border above and below are there,
            // however far the last step of this one went beyond.
            let next = plan.stages[index + 1]
            let made = WalkPlan.Stage.bandHeight(feeds) * stage.bandsPerStep
            #expect(plan.slots(of: index, feeds) >= 4 * next.bandsPerStep + 2 + made)
        }
        #expect(plan.imageSlots >= 4 * plan.stages[0].bandsPerStep + 2)
    }

    @Test func `memory grows with the width and not with the height`() throws {
        func count(_ height: Int, _ width: Int) throws -> Int {
            try plan(["relu3_3"], height: height, width: width, images: 1, maps: []).arenaCount
        }
        // Steps are of even height, so that they are a little higher or lower.
        #expect(try count(4000, 64) * 10 < count(2000, 64) * 11)
        #expect(try count(2000, 2048) > count(2000, 1024))
    }

    @Test func `one more image or worker takes no less`() throws {
        for images in 1..<6 {
            let (few, more) = (
                try plan(["relu4_3"], images: images), try plan(["relu4_3"], images: images + 1)
            )
            #expect(more.arenaCount > few.arenaCount)
            #expect(more.workspaceCount(mr: 14) >= few.workspaceCount(mr: 14))
        }
        for channels in [64, 128, 256, 512] {
            #expect(WalkPlan.tilesPerStep(inChannels: channels, workers: 64) >= 28 * 64)
        }
    }
}
