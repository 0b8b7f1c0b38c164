import Codecs
import Service

/// What a command line asks of `compare`.
struct CompareRequest {
    /// What is written.
    enum Format: String, CaseIterable { case table, csv, jsonl, json }

    private let pairs: PairList
    private let options: ComparisonOptions
    private let format: Format
    /// The file that a map goes to.
    private let map: String?
    /// The file that all else goes to; nil for standard output.
    private let output: String?

    /// Reads the command line but none of the images.
    init(_ invocation: Invocation) throws(Exit) {
        format = try Self.format(invocation)
        options = try Self.options(invocation)
        map = invocation.value(of: "map")
        output = invocation.value(of: "output")
        pairs = try PairList(invocation)
        guard map == nil || (pairs.single != nil && (format == .table || format == .json)) else {
            throw Exit(.usage, ["--map: it is for two files, with the table or JSON"])
        }
        guard output == nil || output != invocation.value(of: "pairs") else {
            throw Exit(.usage, ["--output: it is the table of pairs, which would be replaced"])
        }
    }

    /// Compares, and ends the program.
    func run(_ comparison: Comparison) throws(Exit) {
        let loss: ComparedLoss
        do throws(ServiceError) {
            loss = try comparison.loss(options, hasMask: pairs.hasMasks)
        } catch {
            throw Exit(error)
        }
        if let pair = pairs.single, format == .table || format == .json {
            return try run(comparison, pair, LossColumns(loss))
        }
        var report = PairReport(
            format.form(loss), LossColumns(loss), to: try ReportFile(output),
            count: Progress.isShown ? pairs.count : nil)
        try report.run(comparison, pairs, options, loss)
    }

    private func run(
        _ comparison: Comparison, _ pair: ComparedPair, _ columns: LossColumns
    ) throws(Exit) {
        let answer: ComparisonAnswer
        do throws(ServiceError) {
            answer = try comparison.run(pair, options, wantsMap: map != nil)
        } catch {
            throw Exit(error)
        }
        if let map, let picture = answer.map { try ReportFile(map).write(picture) }
        try ReportFile(output).write(text(answer, columns) + "\n")
    }

    /// The answer of two files, which may hold several images each.
    private func text(_ answer: ComparisonAnswer, _ columns: LossColumns) -> String {
        guard format == .table else { return String(decoding: answer.json.encode(), as: UTF8.self) }
        let samples = answer.samples
        let tables = samples.enumerated().map { number, sample in
            (samples.count > 1 ? "image \(number)\n" : "")
                + LossTable(columns, columns.values(sample.losses)).text
        }
        let warnings = answer.warnings.map { "warning: \($0.detail)" }
        return (tables + warnings).joined(separator: "\n")
    }

    private static func format(_ invocation: Invocation) throws(Exit) -> Format {
        let isJSON = invocation.arguments.has("--json")
        guard let word = invocation.value(of: "format") else { return isJSON ? .json : .table }
        guard let format = Format(rawValue: word) else {
            let words = Format.allCases.map(\.rawValue).joined(separator: ", ")
            throw Exit(.usage, ["--format: \"\(word)\" is none of \(words)"])
        }
        guard !isJSON || format == .json else {
            throw Exit(.usage, ["--json: it contradicts --format \(word)"])
        }
        return format
    }

    private static func options(_ invocation: Invocation) throws(Exit) -> ComparisonOptions {
        var options = ComparisonOptions()
        for name in Comparison.optionNames {
            guard let value = invocation.value(of: flagName(name)) else { continue }
            if name == "loss" {
                options.loss = try definition(value)
            } else {
                options.values.append((name, value))
            }
        }
        return options
    }

    private static func definition(_ path: String) throws(Exit) -> JSON {
        let bytes: [UInt8]
        do {
            bytes = try PipeBytes.read(path, countMax: definitionBytesMax)
        } catch {
            throw Exit(.usage, ["--loss: \(path): \(error)"])
        }
        do {
            return try JSON.parse(bytes[...])
        } catch {
            throw Exit(.usage, ["--loss: \(path) is not JSON: \(error)"])
        }
    }

    private static let definitionBytesMax = 1 << 20

    /// The flag of an option of the API.
    static func flagName(_ option: String) -> String {
        String(option.map { $0 == "_" ? "-" : $0 })
    }
}

extension Exit {
    /// The end for a comparison that cannot be made.
    init(_ error: ServiceError) {
        self.init(error.isMistakeInOptions ? .usage : .runtime, [error.description])
    }
}
