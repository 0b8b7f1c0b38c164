/// The largest difference of two lists, in units of the largest reference value, and where it is.
public struct Closeness: CustomStringConvertible, Sendable {
    /// The largest |value − reference| / max |reference|; infinite when the counts differ.
    public private(set) var relative = 0.0
    /// The place of the largest difference.
    public private(set) var worstIndex = 0
    private var detail = ""

    /// Compares value by value; NaN is never close.
    public init(_ values: [Double], to reference: [Double]) {
        guard values.count == reference.count else {
            relative = .infinity
            detail = "\(values.count) values, \(reference.count) expected"
            return
        }
        let scale = max(reference.reduce(0) { max($0, abs($1)) }, .leastNormalMagnitude)
        for (index, value) in values.enumerated() {
            let difference = abs(value - reference[index]) / scale
            if !(difference <= relative) {
                relative = difference.isNaN ? .infinity : difference
                worstIndex = index
                detail = "\(value) instead of \(reference[index])"
            }
        }
    }

    /// Where it differs most and by how much.
    public var description: String { "\(relative) at \(worstIndex): \(detail)" }
}
