import Codecs
import Service

/// An answer as a table: a line a term, a line a layer below it.
struct LossTable {
    private struct Row {
        let name: String
        let loss: Double?
        let weight: Double?
    }

    private let rows: [Row]
    private let warnings: [String]

    init(_ answer: JSON, layerWeights: [String: [String: Double]]) {
        var rows: [Row] = []
        if case .array(let results) = answer["results"], case .object(let members) = results.first {
            for member in members {
                guard let loss = member.value["loss"] else { continue }
                rows.append(
                    Row(
                        name: member.name.string, loss: loss.double,
                        weight: member.value["weight"]?.double))
                guard case .object(let layers) = member.value["layers"] else { continue }
                let weights = layerWeights[member.name.string]
                rows += layers.map { layer in
                    Row(
                        name: "  \(layer.name)", loss: layer.value.double,
                        weight: weights?[layer.name.string])
                }
            }
            rows.append(Row(name: "total", loss: results[0]["total"]?.double, weight: nil))
        }
        self.rows = rows
        guard case .array(let warnings) = answer["warnings"] else {
            self.warnings = []
            return
        }
        self.warnings = warnings.compactMap { warning in
            guard case .text(let detail) = warning["detail"] else { return nil }
            return detail.string
        }
    }

    var text: String {
        let lines =
            [("term", "loss", "weight")]
            + rows.map { row in
                (row.name, Self.decimal(row.loss), row.weight.map(Self.decimal) ?? "")
            }
        let width = lines.map(\.0.count).max() ?? 0
        let numbers = lines.map(\.1.count).max() ?? 0
        let table = lines.map { name, loss, weight in
            let line = Self.padded(name, width) + "  " + Self.padded(loss, numbers)
            return weight.isEmpty ? line : line + "  x " + weight
        }
        return (table + warnings.map { "warning: \($0)" }).joined(separator: "\n")
    }

    private static func decimal(_ value: Double?) -> String {
        guard let value else { return "" }
        return value == value.rounded() && abs(value) < 1e15
            ? String(Int(value)) : value.description
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
