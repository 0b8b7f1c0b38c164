import Inference

/// What multiply-adds in registers reach: the yardstick of every other figure.
enum MachinePeak {
    static func gflops(_ instructionSet: InstructionSet, pool: WorkerPool) -> Double {
        var best = 0.0
        for _ in 0..<5 {
            let start = ContinuousClock.now
            let operations = pool.runAndWait { team in
                FMAPeak.run(instructionSet, count: 2_000_000, team: team)
            }
            best = max(best, operations / (ContinuousClock.now - start).milliseconds / 1e6)
        }
        return best
    }
}
