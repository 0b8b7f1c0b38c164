/// The range that the caller declares for floating-point samples; both ends belong to it.
public enum SampleRange: String, Sendable, CaseIterable {
    /// Samples are in [0, 1].
    case zeroToOne = "0..1"
    /// Samples are in [0, 255].
    case zeroTo255 = "0..255"
    /// Samples are in [−1, 1].
    case minusOneToOne = "-1..1"

    /// The least and the greatest sample allowed.
    public var bounds: ClosedRange<Float> {
        switch self {
        case .zeroToOne: 0...1
        case .zeroTo255: 0...255
        case .minusOneToOne: -1...1
        }
    }

    /// The index of the first sample that is outside the range or not a number; nil when none is.
    public func firstViolation(in samples: ArraySlice<Float>) -> Int? {
        let (least, greatest) = (bounds.lowerBound, bounds.upperBound)
        let isClean = samples.withUnsafeBufferPointer { samples in
            // Counts instead of an early exit, so that the loop vectorises. NaN fails both.
            var inside: Int32 = 0
            var remaining = samples[...]
            while !remaining.isEmpty {
                let block = remaining.prefix(1 << 20)
                inside = 0
                for sample in block {
                    inside &+= sample >= least && sample <= greatest ? 1 : 0
                }
                guard Int(inside) == block.count else { return false }
                remaining = remaining.dropFirst(block.count)
            }
            return true
        }
        return isClean ? nil : samples.firstIndex { !($0 >= least && $0 <= greatest) }
    }
}
