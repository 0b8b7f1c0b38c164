/// The order of the steps of a way back, the mirror image of `WalkSchedule`: each stage is asked by the
/// stage before it.
package final class BackwardSchedule {
    /// Rows are those of the layer.
    package enum Step {
        /// What leaves the deepest stage is what taps have: rows of it.
        case enter(stage: Int, rows: Range<Int>)
        /// The gradient at the convolution's output, from what leaves the stage: whole windows.
        case pass(stage: Int, rows: Range<Int>)
        /// That at the input, rows of tiles; and the rows of what leaves the stage before it, or of its
        /// output where that is passed behind, that are complete then.
        case convolve(stage: Int, bands: Range<Int>, leaving: Range<Int>)
    }

    private let plan: BackwardPlan
    private var bandsDone: [Int]
    private var outputRowsDone: [Int]
    private var leavingRowsDone: [Int]

    package init(_ plan: BackwardPlan) {
        self.plan = plan
        bandsDone = plan.stages.map { _ in 0 }
        outputRowsDone = bandsDone
        leavingRowsDone = bandsDone
    }

    /// Steps to the last row of the images.
    package func run<Failure>(_ perform: (Step) throws(Failure) -> Void) throws(Failure) {
        while bandsDone[0] < plan.stages[0].bands { try step(0, perform) }
    }

    private func step<Failure>(
        _ index: Int, _ perform: (Step) throws(Failure) -> Void
    ) throws(Failure) {
        let stage = plan.stages[index]
        let first = bandsDone[index]
        let bands = first..<min(first + stage.bandsPerStep, stage.bands)
        try makeOutput(index, upTo: stage.outputRows(forBands: bands.upperBound), perform)
        bandsDone[index] = bands.upperBound
        var leaving = 0..<0
        if index > 0 {
            let isPassed = plan.stages[index - 1].isPassedBehind
            let done = isPassed ? outputRowsDone[index - 1] : leavingRowsDone[index - 1]
            let rows = min(4 * bands.upperBound, stage.paddedHeight)
            leaving = done..<max(done, stage.fold.rowsDone(afterPaddedRows: rows))
            if isPassed {
                outputRowsDone[index - 1] = leaving.upperBound
            } else {
                leavingRowsDone[index - 1] = leaving.upperBound
            }
        }
        try perform(.convolve(stage: index, bands: bands, leaving: leaving))
    }

    // Rows are those of the ring, with its margin.
    private func makeOutput<Failure>(
        _ index: Int, upTo end: Int, _ perform: (Step) throws(Failure) -> Void
    ) throws(Failure) {
        let stage = plan.stages[index]
        if stage.isPassedBehind {
            while outputRowsDone[index] < end { try step(index + 1, perform) }
        }
        guard outputRowsDone[index] < end else { return }
        let first = max(0, outputRowsDone[index] - stage.margin)
        var last = min(stage.height, end - stage.margin)
        if stage.isPooled { last = min(stage.height, (last + 1) / 2 * 2) }
        let needed = stage.leavingRows(forRows: last)
        if index + 1 < plan.stages.count {
            while leavingRowsDone[index] < needed { try step(index + 1, perform) }
        } else if leavingRowsDone[index] < needed {
            try perform(.enter(stage: index, rows: leavingRowsDone[index]..<needed))
            leavingRowsDone[index] = needed
        }
        try perform(.pass(stage: index, rows: first..<last))
        outputRowsDone[index] = last + (last == stage.height ? 2 : 1) * stage.margin
    }
}
