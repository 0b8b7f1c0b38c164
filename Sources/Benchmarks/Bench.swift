import Foundation
import Inference

/// The machine, and how things are timed on it.
struct Bench {
    let instructionSet: InstructionSet
    let pool: WorkerPool
    /// FP32 multiply-adds in registers, all workers together.
    let peak: Double

    /// `STYLELOSS_INSTRUCTION_SET` and `STYLELOSS_WORKERS` force kernels and threads.
    init() {
        let environment = ProcessInfo.processInfo.environment
        instructionSet =
            environment["STYLELOSS_INSTRUCTION_SET"].flatMap(InstructionSet.init) ?? .best
        let cores = ProcessInfo.processInfo.activeProcessorCount
        pool = WorkerPool(workers: environment["STYLELOSS_WORKERS"].flatMap { Int($0) } ?? cores)
        peak = MachinePeak.gflops(instructionSet, pool: pool)
    }

    func printMachine() {
        let cpu = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
            .split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        print(
            "\(cpu ?? "unknown processor"), \(pool.workers) workers, \(instructionSet.rawValue), "
                + "FMA peak \(format(peak, 0)) GFLOP/s")
    }

    func printPeaks() {
        header("FMA peak")
        for set in InstructionSet.allCases where set.isSupported {
            let one = MachinePeak.gflops(set, pool: WorkerPool(workers: 1))
            print("\(set.rawValue)  \(format(one, 0)) GFLOP/s one core")
        }
    }

    func header(_ title: String) { print("\n\(title)") }

    /// One line: what, milliseconds, GFLOP/s as counted for direct convolution, fraction of the peak.
    func line(_ what: String, _ times: Times, gflop: Double) {
        let rate = gflop / times.median * 1000
        print(
            "\(pad(what, 44)) \(pad(format(times.median, 1), 8, left: true)) ms (min "
                + "\(format(times.least, 1)))  \(pad(format(rate, 0), 6, left: true)) GFLOP/s  "
                + "\(format(rate / peak, 2)) x peak")
    }
}

/// Wall times of several runs, in milliseconds.
struct Times {
    let median: Double
    let least: Double

    /// Times that were added up from others.
    init(median: Double, least: Double) { (self.median, self.least) = (median, least) }

    /// Runs `body` twice to warm up and then at least `runs` times and for a second.
    init(runs: Int = 7, _ body: () throws -> Void) rethrows {
        for _ in 0..<2 { try body() }
        var times: [Double] = []
        let begin = ContinuousClock.now
        while times.count < runs || (ContinuousClock.now - begin < .seconds(1) && times.count < 99)
        {
            let start = ContinuousClock.now
            try body()
            times.append((ContinuousClock.now - start).milliseconds)
        }
        times.sort()
        median = times[times.count / 2]
        least = times[0]
    }
}

extension Duration {
    /// This duration in milliseconds.
    var milliseconds: Double {
        Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15
    }
}

func format(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

func pad(_ text: String, _ width: Int, left: Bool = false) -> String {
    let spaces = String(repeating: " ", count: max(0, width - text.count))
    return left ? spaces + text : text + spaces
}
