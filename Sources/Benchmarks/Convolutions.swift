import Inference

extension Bench {
    /// The convolutions, ReLUs and pools of each workload alone: walks that nothing is read from.
    func timeConvolutions() throws {
        header("convolutions alone, of the standard workloads")
        var (median, least, gflop) = (0.0, 0.0, 0.0)
        for workload in Workload.all {
            let extractor = try extractor(workload.architecture)
            let demands = workload.taps.suffix(1).compactMap { Tap($0) }.map { TapDemand(tap: $0) }
            let images = (0..<2 * workload.pairs).map {
                noise(workload.size, workload.size, seed: $0)
            }
            let times = try Times {
                // As many at a time as the evaluator walks together with two workers.
                for first in stride(from: 0, to: images.count, by: 4) {
                    let stack = Array(images[first..<min(first + 4, images.count)])
                    _ = try pool.runAndWait { team in
                        try extractor.run(images: stack, demands: demands, team: team)
                    }
                }
            }
            line(workload.name, times, gflop: workload.gflop)
            median += times.median
            least += times.least
            gflop += workload.gflop
        }
        line("W1 ... W4 together", Times(median: median, least: least), gflop: gflop)
    }
}
