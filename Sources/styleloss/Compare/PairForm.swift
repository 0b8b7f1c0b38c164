import Codecs
import Service

/// A form of the report about several pairs: what is written of each, and around them.
protocol PairForm {
    /// What stands before the first pair.
    var head: String { get }
    /// The lines of what is known of a pair.
    /// - Parameters:
    ///   - number: how many lines there are before.
    ///   - sample: the position of an image in its array, 0 of a file that is one.
    func text(
        _ pair: ComparedPair, number: Int, sample: Int, _ losses: ComparisonAnswer.Sample,
        _ warnings: [Warning]
    ) -> String
    /// The lines of a pair that failed.
    func text(_ pair: ComparedPair, number: Int, failure: String) -> String
    /// What stands behind the last pair.
    func foot(_ means: LossMeans) -> String
}

extension CompareRequest.Format {
    /// The form of several pairs.
    func form(_ loss: ComparedLoss) -> any PairForm {
        let columns = LossColumns(loss)
        switch self {
        case .table: return TableForm(columns: columns)
        case .csv: return CSVForm(columns: columns)
        case .jsonl: return JSONForm(opening: "", separator: "", end: "\n", closing: "")
        case .json: return JSONForm(opening: "[", separator: ",", end: "", closing: "\n]\n")
        }
    }
}

/// For people: the total of each pair, and at the end the means by term and layer.
private struct TableForm: PairForm {
    private static let numberWidth = 22

    let columns: LossColumns
    let head = ""

    func text(
        _ pair: ComparedPair, number: Int, sample: Int, _ losses: ComparisonAnswer.Sample,
        _ warnings: [Warning]
    ) -> String {
        let total = LossTable.decimal(losses.losses.total)
        let place = sample > 0 ? "[\(sample)]" : ""
        return LossTable.padded(total, Self.numberWidth) + pair.output + place + "\n"
    }

    func text(_ pair: ComparedPair, number: Int, failure: String) -> String {
        let names = [pair.output, pair.target, pair.mask ?? ""].filter { !$0.isEmpty }
        let name = names.first.map { "\($0): " } ?? ""
        return LossTable.padded("failed", Self.numberWidth) + name + failure + "\n"
    }

    func foot(_ means: LossMeans) -> String {
        guard means.count > 0 else { return "" }
        let pairs = means.count == 1 ? "1 pair" : "\(means.count) pairs"
        return "\nmean of \(pairs)\n" + LossTable(columns, means.means).text + "\n"
    }
}

/// Comma-separated values (RFC 4180).
private struct CSVForm: PairForm {
    let columns: LossColumns

    var head: String {
        CSVRow.text(
            ["output", "target", "mask", "sample"] + columns.columns.map(\.name) + ["error"])
    }

    func text(
        _ pair: ComparedPair, number: Int, sample: Int, _ losses: ComparisonAnswer.Sample,
        _ warnings: [Warning]
    ) -> String {
        let numbers = columns.values(losses.losses).map { $0?.description ?? "" }
        return CSVRow.text(names(pair) + [String(sample)] + numbers + [""])
    }

    func text(_ pair: ComparedPair, number: Int, failure: String) -> String {
        CSVRow.text(names(pair) + [""] + columns.columns.map { _ in "" } + [failure])
    }

    private func names(_ pair: ComparedPair) -> [String] {
        [pair.output, pair.target, pair.mask ?? ""]
    }

    func foot(_ means: LossMeans) -> String { "" }
}

/// An object a pair: one a line, or all of them in an array.
private struct JSONForm: PairForm {
    let opening: String
    /// What stands between two objects, before a line end.
    let separator: String
    /// What stands behind an object.
    let end: String
    let closing: String

    var head: String { opening }

    func text(
        _ pair: ComparedPair, number: Int, sample: Int, _ losses: ComparisonAnswer.Sample,
        _ warnings: [Warning]
    ) -> String {
        let told = warnings.isEmpty ? [] : [JSON.Member("warnings", .array(warnings.map(\.json)))]
        return text(
            pair, number, [.init("sample", .integer(sample)), .init("result", losses.json)] + told)
    }

    func text(_ pair: ComparedPair, number: Int, failure: String) -> String {
        text(pair, number, [.init("error", .string(failure))])
    }

    private func text(_ pair: ComparedPair, _ number: Int, _ members: [JSON.Member]) -> String {
        let names: [JSON.Member] = [
            .init("output", .string(pair.output)), .init("target", .string(pair.target)),
            .init("mask", JSON(pair.mask)),
        ]
        let object = String(decoding: JSON.object(names + members).encode(), as: UTF8.self)
        let before = opening.isEmpty ? "" : (number > 0 ? separator : "") + "\n"
        return before + object + end
    }

    func foot(_ means: LossMeans) -> String { closing }
}
