import Inference

/// Times the engine and the service on this machine. No thresholds: numbers are compared by whoever
/// reads them, side by side in one run (Scripts/benchmark runs the peers beside it). W1 … W4 beside
/// `gradient` are the workloads whose gradients are timed.
///
///     swift run -c release Benchmarks [kernels|layers|convolutions|workloads|gradient|large-gradient|features|near|metrics|large|service|W1|W2|W3|W4 …]
@main
struct Benchmarks {
    static func main() throws {
        let all = [
            "kernels", "layers", "convolutions", "workloads", "gradient", "features", "near",
            "metrics", "large", "large-gradient", "service",
        ]
        let wanted = CommandLine.arguments.dropFirst()
        let unknown = wanted.filter { name in !all.contains(name) && Workload.named(name) == nil }
        guard unknown.isEmpty else {
            print("unknown: \(unknown.joined(separator: " ")); known: \(all), W1 … W4")
            return
        }
        let named = wanted.compactMap(Workload.named)
        let bench = Bench()
        bench.printMachine()
        for section in all where wanted.isEmpty || wanted.contains(section) {
            switch section {
            case "kernels": bench.printPeaks()
            case "layers": try bench.timeLayers()
            case "convolutions": try bench.timeConvolutions()
            case "workloads": try bench.timeWorkloads(Workload.all)
            case "gradient": try bench.timeGradients(named.isEmpty ? Workload.all : named)
            case "features": try bench.timeFeatures()
            case "near": try bench.timeNearPairs()
            case "large-gradient": try bench.timeLargeGradients()
            case "metrics": try bench.timeMetrics()
            case "large": try bench.timeLargeImages()
            default: try bench.timeService()
            }
        }
        if !wanted.contains("gradient") { try bench.timeWorkloads(named) }
    }
}
