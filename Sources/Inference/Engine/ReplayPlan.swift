/// What is walked again beside a way back: how far each of its steps needs it, and how many rows of it
/// are alive at a time, so that memory grows with the width alone.
struct ReplayPlan {
    /// The walk, as far as the last convolution that is not kept.
    let walk: WalkPlan
    /// The features that it hands on.
    let demands: [TapDemand]
    let back: BackwardPlan
    /// Rows of bits, or of features, that each convolution walked again holds.
    private(set) var bitSlots: [Int]
    /// Rows of features that each tap holds.
    private(set) var mapSlots: [Tap: Int] = [:]
    // The walk's stage of each convolution that is walked again.
    private let stages: [Int]

    init(walk: WalkPlan, demands: [TapDemand], back: BackwardPlan) {
        self.walk = walk
        self.demands = demands
        self.back = back
        stages = walk.stages.indices.filter { !walk.stages[$0].isPool }
        bitSlots = stages.map { _ in 0 }
        mapSlots = Dictionary(uniqueKeysWithValues: demands.map { ($0.tap, 0) })
        simulate()
    }

    /// Calls `body` with the rows that must have been walked before a step of the way back: a stage of
    /// the walk, how many rows, and of what kind.
    func forEachNeed<Failure>(
        of step: BackwardSchedule.Step,
        _ body: (_ stage: Int, _ rows: Int, _ kind: Tap.Kind) throws(Failure) -> Void
    ) throws(Failure) {
        switch step {
        case .enter(let index, let rows):
            try needLeaving(index, rows, body)
        case .pass(let index, let rows):
            guard index < stages.count else { return }
            let stage = back.stages[index]
            try body(
                stages[index], min(stage.height, rows.upperBound + 2 * stage.windowsBeside), .relu)
        case .convolve(let index, _, let rows):
            guard index > 0, !rows.isEmpty else { return }
            guard back.stages[index - 1].isPassedBehind else {
                return try needLeaving(index - 1, rows, body)
            }
            guard index - 1 < stages.count else { return }
            try body(stages[index - 1], rows.upperBound, .relu)
        }
    }

    private func needLeaving<Failure>(
        _ index: Int, _ rows: Range<Int>,
        _ body: (_ stage: Int, _ rows: Int, _ kind: Tap.Kind) throws(Failure) -> Void
    ) throws(Failure) {
        guard let tap = back.leavingTap(index), mapSlots[tap] != nil else { return }
        let (stage, kind) = source(of: tap, index)
        try body(stage, rows.upperBound, kind)
    }

    private func source(of tap: Tap, _ convolution: Int) -> (stage: Int, kind: Tap.Kind) {
        let stage = stages[convolution]
        guard tap.kind == .pool, !walk.stages[stage].writes(.pool) else { return (stage, tap.kind) }
        return (stage + 1, .pool)
    }

    /// Rows of something that the walk makes and the way back uses up.
    private struct Held {
        let stage: Int
        let kind: Tap.Kind
        var used = 0
        var slots = 0
    }

    private mutating func simulate() {
        let schedule = WalkSchedule(walk)
        // Bits by convolution, then features by tap.
        var held = stages.map { Held(stage: $0, kind: .relu) }
        var places: [Tap: Int] = [:]
        for (index, stage) in back.stages.prefix(stages.count).enumerated() {
            for tap in stage.taps where mapSlots[tap] != nil {
                let (stage, kind) = source(of: tap, index)
                places[tap] = held.count
                held.append(Held(stage: stage, kind: kind))
            }
        }
        BackwardSchedule(back).run { step in
            var hasAdvanced = false
            forEachNeed(of: step) { stage, rows, kind in
                schedule.advance(stage, to: rows, kind) { _, _ in hasAdvanced = true }
            }
            if hasAdvanced {
                for i in held.indices {
                    let rows = schedule.rowsDone(held[i].stage, held[i].kind) - held[i].used
                    held[i].slots = max(held[i].slots, rows)
                }
            }
            let use = { (tap: Tap?, rows: Int) in
                if let place = tap.flatMap({ places[$0] }) { held[place].used = rows }
            }
            switch step {
            case .enter(let index, let rows):
                use(back.leavingTap(index), rows.upperBound)
            case .pass(let index, let rows):
                let stage = back.stages[index]
                guard index < stages.count else { break }
                held[index].used = rows.upperBound - stage.windowsBeside
                use(stage.shape.convTap, rows.upperBound)
                if stage.isPooled { use(stage.shape.reluTap, rows.upperBound) }
            case .convolve(let index, _, let rows):
                guard index > 0, !rows.isEmpty else { break }
                if back.stages[index - 1].isPassedBehind, index - 1 < stages.count {
                    held[index - 1].used = rows.upperBound
                }
                use(back.leavingTap(index - 1), rows.upperBound)
            }
        }
        for index in stages.indices { bitSlots[index] = held[index].slots }
        for (tap, place) in places { mapSlots[tap] = held[place].slots }
    }
}
