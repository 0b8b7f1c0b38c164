/// The order of the steps of a walk: each stage computes some bands when the stage after it needs their
/// rows.
package final class WalkSchedule {
    private let plan: WalkPlan
    package private(set) var bandsDone: [Int]

    package init(_ plan: WalkPlan) {
        self.plan = plan
        bandsDone = plan.stages.map { _ in 0 }
    }

    /// Steps a stage until it has computed all its bands; `perform` does a step of a stage, so many
    /// bands.
    package func finish<Failure>(
        _ index: Int, _ perform: (_ stage: Int, _ bands: Range<Int>) throws(Failure) -> Void
    ) throws(Failure) {
        while bandsDone[index] < plan.stages[index].bands { try step(index, perform) }
    }

    /// Steps a stage until so many rows of a kind are there.
    package func advance<Failure>(
        _ index: Int, to rows: Int, _ kind: Tap.Kind,
        _ perform: (_ stage: Int, _ bands: Range<Int>) throws(Failure) -> Void
    ) throws(Failure) {
        while rowsDone(index, kind) < rows { try step(index, perform) }
    }

    /// Rows of a kind that a stage has made.
    package func rowsDone(_ index: Int, _ kind: Tap.Kind) -> Int {
        plan.stages[index].rows(kind, afterBands: bandsDone[index])
    }

    private func step<Failure>(
        _ index: Int, _ perform: (_ stage: Int, _ bands: Range<Int>) throws(Failure) -> Void
    ) throws(Failure) {
        let stage = plan.stages[index]
        let first = bandsDone[index]
        let bands = first..<min(first + stage.bandsPerStep, stage.bands)
        if index > 0 {
            let feeds = plan.stages[index - 1].feeds ?? .relu
            try advance(
                index - 1, to: stage.inputRows(forBands: bands.upperBound), feeds, perform)
        }
        try perform(index, bands)
        bandsDone[index] = bands.upperBound
    }
}
