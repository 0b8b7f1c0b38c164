/// Numbers of a loss as a table: a line a term, a line a layer below it, with a bar for the share that
/// a term has in the total and a layer in its term, weights counted.
struct LossTable {
    private struct Row {
        let name: String
        let value: Double
        var weight: Double?
        var share: Double = 0
    }

    private static let barWidth = 20

    private var rows: [Row] = []

    init(_ columns: LossColumns, _ values: [Double?]) {
        var total: Row?
        // The lines of the term at hand, which are layers of one sum.
        var layers: [Row] = []
        var terms: [Int] = []
        for (column, value) in zip(columns.columns, values) {
            guard let value else { continue }
            if let layer = column.layer {
                layers.append(Row(name: "  \(layer)", value: value, weight: column.weight))
            } else if let term = column.term {
                rows += Self.shared(layers)
                layers = []
                terms.append(rows.count)
                rows.append(Row(name: term, value: value, weight: column.weight))
            } else {
                total = Row(name: column.name, value: value)
            }
        }
        rows += Self.shared(layers)
        for (index, row) in zip(terms, Self.shared(terms.map { rows[$0] })) { rows[index] = row }
        if let total { rows.append(total) }
    }

    /// The rows with their shares in the sum of all.
    private static func shared(_ rows: [Row]) -> [Row] {
        let parts = rows.map { abs($0.value * ($0.weight ?? 1)) }
        let sum = parts.reduce(0, +)
        guard sum > 0, sum.isFinite else { return rows }
        return zip(rows, parts).map { row, part in
            var row = row
            row.share = part / sum
            return row
        }
    }

    var text: String {
        let names = ["term"] + rows.map(\.name)
        let losses = ["loss"] + rows.map { Self.decimal($0.value) }
        let bars = ["share"] + rows.map { Self.bar($0.share) }
        let weights = ["weight"] + rows.map { $0.weight.map(Self.decimal) ?? "" }
        let width = names.map(\.count).max() ?? 0
        let digits = losses.map(\.count).max() ?? 0
        return names.indices.map { index in
            let line =
                Self.padded(names[index], width) + "  " + Self.padded(losses[index], digits) + "  "
            return weights[index].isEmpty
                ? Self.trimmed(line + bars[index])
                : line + Self.padded(bars[index], Self.barWidth) + "  x " + weights[index]
        }
        .joined(separator: "\n")
    }

    private static func bar(_ share: Double) -> String {
        String(repeating: "█", count: Int((share * Double(barWidth)).rounded()))
    }

    /// A number as short as it can be, a whole one without its `.0`.
    static func decimal(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : value.description
    }

    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }
}
