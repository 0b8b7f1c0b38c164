import CPeak
import Inference

/// What multiply-adds in registers reach: the yardstick of every other figure.
enum MachinePeak {
    static func gflops(_ instructionSet: InstructionSet, pool: WorkerPool) -> Double {
        var best = 0.0
        for _ in 0..<5 {
            let start = ContinuousClock.now
            let operations = pool.runAndWait { team in
                team.map(team.workers) { _ in run(instructionSet, count: 2_000_000) }
            }
            let elapsed = (ContinuousClock.now - start).milliseconds
            best = max(best, operations.reduce(0, +) / elapsed / 1e6)
        }
        return best
    }

    private static func run(_ instructionSet: InstructionSet, count: Int) -> Double {
        switch instructionSet {
        case .avx512: cpeak_avx512(count)
        case .avx2: cpeak_avx2(count)
        case .portable: cpeak_portable(count)
        }
    }
}
