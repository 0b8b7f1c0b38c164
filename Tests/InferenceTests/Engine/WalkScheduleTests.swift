import Inference
import TestSupport
import Testing

/// The order of the steps of a walk: what a step reads is there, and still there.
struct WalkScheduleTests {
    private static let variants = [
        NetworkVariant(.vgg16), NetworkVariant(.vgg19, pooling: .average(scale: 1)),
        NetworkVariant(.vgg16, pooling: .l2Hann), NetworkVariant(.vgg16, rounding: .ceil),
        NetworkVariant(.vgg16, padding: .reflect),
    ]

    private func plan(
        _ variant: NetworkVariant, height: Int, tilesPerStep: Int?
    ) throws -> WalkPlan {
        WalkPlan(
            variant: variant, demands: [TapDemand(tap: try #require(Tap("relu4_2")))],
            height: height, width: 45, images: 1, workers: 2, tilesPerStep: tilesPerStep)
    }

    @Test(arguments: variants, [1, 40, 100_000])
    func `every step finds its rows, none of which has been written over`(
        variant: NetworkVariant, tilesPerStep: Int
    ) throws {
        for height in [16, 33, 131] {
            let plan = try plan(variant, height: height, tilesPerStep: tilesPerStep)
            let schedule = WalkSchedule(plan)
            var done = plan.stages.map { _ in 0 }
            schedule.finish(plan.stages.count - 1) { index, bands in
                #expect(bands.lowerBound == done[index] && !bands.isEmpty)
                if index > 0, let feeds = plan.stages[index - 1].feeds {
                    let needed = plan.stages[index].inputRows(forBands: bands.upperBound)
                    let made = schedule.rowsDone(index - 1, feeds)
                    #expect(made >= needed, "stage \(index), bands \(bands)")
                    let first = firstRow(plan.stages[index], bands)
                    let oldest = made - plan.slots(of: index - 1, feeds)
                    #expect(first >= oldest, "stage \(index), bands \(bands)")
                }
                done[index] = bands.upperBound
            }
            #expect(done.last == plan.stages.last?.bands)
            #expect(schedule.bandsDone == done)
        }
    }

    // A tile reads from the row above it on, a pool of DISTS from the one above its window.
    private func firstRow(_ stage: WalkPlan.Stage, _ bands: Range<Int>) -> Int {
        guard stage.isPool else { return max(0, 4 * bands.lowerBound - 1) }
        return max(0, 2 * stage.rows(.pool, afterBands: bands.lowerBound) - 1)
    }

    @Test func `advances no further than it is asked to`() throws {
        let plan = try plan(NetworkVariant(.vgg16), height: 131, tilesPerStep: 1)
        let schedule = WalkSchedule(plan)
        var steps = 0
        schedule.advance(2, to: 5, .relu) { _, _ in steps += 1 }
        #expect(schedule.rowsDone(2, .relu) >= 5)
        #expect(schedule.rowsDone(2, .relu) < 5 + 4 * plan.stages[2].bandsPerStep)
        #expect(schedule.bandsDone[3...].allSatisfy { $0 == 0 })
        let before = steps
        schedule.advance(2, to: 5, .relu) { _, _ in steps += 1 }
        #expect(steps == before)
    }
}
