/// Fused multiply-adds in registers alone, on every worker: what the processor can do at best.
public enum FMAPeak {
    /// Runs `count` times 24 vectors on each worker; returns the floating point operations done.
    public static func run(_ instructionSet: InstructionSet, count: Int, team: Team) -> Double {
        let kernels = Kernels(instructionSet)
        var operations = [Double](repeating: 0, count: team.workers)
        operations.withUnsafeMutableBufferPointer { operations in
            // One pointer, written by each item in a place of its own.
            let results = operations.baseAddress
            team.parallel(team.workers) { results?[$0] = kernels.runMultiplyAdds(count: count) }
        }
        return operations.reduce(0, +)
    }
}
