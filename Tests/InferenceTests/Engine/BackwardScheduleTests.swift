import Inference
import TestSupport
import Testing

/// The order of the steps of a way back: every row is made once, and what a step reads is there and
/// still there.
struct BackwardScheduleTests {
    private static let variants = [
        NetworkVariant(.vgg16), NetworkVariant(.vgg16, pooling: .average(scale: 1)),
        NetworkVariant(.vgg16, pooling: .l2Hann), NetworkVariant(.vgg16, rounding: .ceil),
        NetworkVariant(.vgg16, padding: .reflect),
        NetworkVariant(.vgg19, padding: .replicateFirst),
    ]

    private func plan(
        _ variant: NetworkVariant, _ taps: [String], height: Int, tilesPerStep: Int
    ) throws -> BackwardPlan {
        let taps = try taps.map { try #require(Tap($0)) }
        let walk = WalkPlan(
            variant: variant, demands: taps.map { TapDemand(tap: $0) }, height: height, width: 45,
            images: 1, workers: 2, tilesPerStep: nil, recordedFrom: 0)
        return BackwardPlan(
            layers: walk.tapeLayers(of: variant), variant: variant, taps: taps, images: 1,
            workers: 2, tilesPerStep: tilesPerStep)
    }

    /// How far each stage is, in rows.
    private struct Progress {
        var bands: [Int]
        /// Of the gradient that leaves the stage, from its taps and the stage behind it.
        var leaving: [Int]
        /// Of that at the convolution's output, without margins and with them.
        var passed: [Int]
        var output: [Int]

        init(_ plan: BackwardPlan) {
            bands = plan.stages.map { _ in 0 }
            (leaving, passed, output) = (bands, bands, bands)
        }
    }

    private func follow(_ step: BackwardSchedule.Step, _ plan: BackwardPlan, _ now: inout Progress)
    {
        switch step {
        case .enter(let index, let rows):
            #expect(index == plan.stages.count - 1 && rows.lowerBound == now.leaving[index])
            now.leaving[index] = rows.upperBound
        case .pass(let index, let rows):
            let stage = plan.stages[index]
            #expect(rows.lowerBound == now.passed[index] && !rows.isEmpty)
            // Both rows of a window at once.
            #expect(!stage.isPooled || rows.lowerBound % 2 == 0)
            #expect(now.leaving[index] >= stage.leavingRows(forRows: rows.upperBound))
            let first = stage.isPooled ? rows.lowerBound / 2 : rows.lowerBound
            #expect(now.leaving[index] - first <= plan.leavingSlots(index), "stage \(index)")
            now.passed[index] = rows.upperBound
            let isLast = rows.upperBound == stage.height
            now.output[index] = rows.upperBound + (isLast ? 2 : 1) * stage.margin
        case .convolve(let index, let bands, let leaving):
            let stage = plan.stages[index]
            #expect(bands.lowerBound == now.bands[index] && !bands.isEmpty)
            #expect(now.output[index] >= stage.outputRows(forBands: bands.upperBound))
            let first = max(0, 4 * bands.lowerBound - 1)
            #expect(now.output[index] - first <= plan.outputSlots(index), "stage \(index)")
            now.bands[index] = bands.upperBound
            guard index > 0, !leaving.isEmpty else { return }
            let isPassedBehind = plan.stages[index - 1].isPassedBehind
            let done = isPassedBehind ? now.output : now.leaving
            #expect(leaving.lowerBound == done[index - 1])
            let made = min(4 * bands.upperBound, stage.paddedHeight)
            for y in leaving { #expect(stage.fold.rows(y).allSatisfy { $0 < made }) }
            guard isPassedBehind else {
                now.leaving[index - 1] = leaving.upperBound
                return
            }
            // What the ReLU lets through lies at the output at once.
            now.passed[index - 1] = leaving.upperBound
            now.output[index - 1] = leaving.upperBound
        }
    }

    @Test(arguments: variants, [1, 60, 100_000])
    func `every row is made once, from rows that are there`(
        variant: NetworkVariant, tilesPerStep: Int
    ) throws {
        for taps in [
            ["relu1_1"], ["pool2"], ["conv1_2", "relu2_2", "relu4_1"], ["pool3", "relu3_3"],
        ] {
            for height in [8, 21, 97] {
                let plan = try plan(
                    variant, taps, height: height, tilesPerStep: tilesPerStep)
                var now = Progress(plan)
                BackwardSchedule(plan).run { follow($0, plan, &now) }
                #expect(now.bands == plan.stages.map(\.bands))
                #expect(now.passed == plan.stages.map(\.height), "\(taps) \(height)")
                #expect(now.output == plan.stages.map(\.paddedHeight))
                #expect(
                    now.leaving == plan.stages.map { $0.isPassedBehind ? 0 : $0.leavingHeight })
            }
        }
    }
}
