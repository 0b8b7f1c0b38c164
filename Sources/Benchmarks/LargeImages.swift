import CMalloc
import Foundation
import Inference

extension Bench {
    /// A pair to pool3 at growing sizes: time and memory grow as the pixels and as the width.
    func timeLargeImages() throws {
        header("large pairs (VGG-16 to pool3): time, peak of resident memory above what was there")
        let network = try generatedNetwork(.vgg16)
        for (height, width) in [
            (512, 512), (1024, 1024), (2048, 2048), (4096, 4096), (512, 16384), (16384, 512),
        ] {
            // An engine for each: no rows of other sizes, and kernels transformed beforehand.
            let evaluator = LossEvaluator(
                extractor: Extractor(network: network, instructionSet: instructionSet))
            _ = try evaluate(evaluator, height: 64, width: 64)
            let (time, bytes, estimate) = try evaluate(evaluator, height: height, width: width)
            let gflop = 2 * gflopOfWalk(.vgg16, ["pool3"], height: height, width: width)
            print(
                "\(pad("\(height)x\(width)", 14)) \(pad(format(time, 0), 8, left: true)) ms  "
                    + "\(pad(format(gflop / time * 1000 / peak, 2), 5, left: true)) x peak  "
                    + "\(bytes >> 20) MiB more (estimated \(estimate >> 20)), "
                    + "\(Memory.peakBytes >> 20) MiB in all")
        }
    }

    private func evaluate(
        _ evaluator: LossEvaluator, height: Int, width: Int
    ) throws -> (milliseconds: Double, bytes: Int, estimate: Int) {
        let loss = Presets.all[0]
        let images = [noise(height, width, seed: 1), noise(height, width, seed: 2)]
        let estimate = try evaluator.estimateBytes(
            pairs: [PairShape(output: images[0].size, targets: TargetChoice(0))],
            targets: [TargetShape(size: images[1].size)], loss: loss, workers: pool.workers)
        Memory.resetPeak()
        let before = Memory.residentBytes
        let start = ContinuousClock.now
        _ = try pool.runAndWait { team in
            try evaluator.evaluate(
                [Pair(output: images[0], target: 0)], targets: [.image(images[1])],
                loss: loss, team: team)
        }
        let milliseconds = (ContinuousClock.now - start).milliseconds
        return (milliseconds, Memory.peakBytes - before, estimate)
    }
}

/// Resident memory of this process, from /proc.
enum Memory {
    static var residentBytes: Int { status("VmRSS:") }
    static var peakBytes: Int { status("VmHWM:") }

    /// Makes the peak what is resident now (Linux: "5" to clear_refs, proc(5)).
    static func resetPeak() {
        try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    }

    /// Gives freed memory back to the system.
    static func trim() { styleloss_malloc_trim() }

    private static func status(_ key: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        let kilobytes = line?.split { " \t".contains($0) }.dropFirst().first.flatMap { Int($0) }
        return (kilobytes ?? 0) << 10
    }
}
