/// Estimates of bytes are computed from shapes a client chose: what no machine has is the largest
/// integer, which every budget refuses, and never a trap. Operands are not negative.
extension Int {
    func plus(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    func times(_ other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}

extension Sequence {
    /// The sum of a number of bytes for each element.
    func bytes(_ count: (Element) -> Int) -> Int { reduce(0) { $0.plus(count($1)) } }
}
