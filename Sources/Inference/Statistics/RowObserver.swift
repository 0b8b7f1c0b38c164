/// What gathers something of the rows of one image, or of two that are compared, while they are in
/// cache: a Gram matrix, means and deviations, a sum over pairs of features, the features themselves.
///
/// A group of rows is one parallel loop of `items(of:)` items a segment; they write apart, and what is
/// summed is added in an order that depends on the shape of the features alone.
package protocol RowObserver<Element>: AnyObject {
    associatedtype Element: FeatureElement

    /// Ranges of columns that are gathered apart, so that workers can share an image by columns.
    var segments: [Range<Int>] { get }

    /// Items of one segment for a group of rows.
    func items(of group: RowGroup) -> Int

    /// Makes room for a group of rows, before its loop.
    func prepare(_ group: RowGroup)

    /// Takes one item of one segment's share of a group.
    func observe(
        _ sight: Sight<Element>, _ group: RowGroup, segment: Int, item: Int, workspace: Workspace)

    /// Adds up a group of rows, after its loop.
    func finish(_ group: RowGroup)
}

extension RowObserver {
    package func prepare(_ group: RowGroup) {}
    package func finish(_ group: RowGroup) {}
}

/// Neighbouring rows that are observed in one go. Groups come in order and from row 0 on.
package struct RowGroup {
    package let rows: Range<Int>
    /// Rows that are summed together: all groups but the last begin and end at a multiple of it, so
    /// that sums do not depend on how many rows a group has.
    package let unit: Int
    /// Columns of the rows; fewer in the last run of a tensor.
    package let width: Int

    package init(rows: Range<Int>, unit: Int, width: Int) {
        self.rows = rows
        self.unit = unit
        self.width = width
    }

    /// The columns of a segment that are there.
    package func columns(of segment: Range<Int>) -> Range<Int> { segment.clamped(to: 0..<width) }

    /// The rows, a unit at a time.
    package var units: some Sequence<Range<Int>> {
        stride(from: rows.lowerBound, to: rows.upperBound, by: unit).lazy.map {
            $0..<min($0 + unit, rows.upperBound)
        }
    }
}

/// What an observer looks at: the rows of one image, and of a second one where two are compared.
package struct Sight<Element> {
    package let subject: FeatureRows<Element>
    package let target: FeatureRows<Element>?

    package init(subject: FeatureRows<Element>, target: FeatureRows<Element>? = nil) {
        self.subject = subject
        self.target = target
    }
}
