import Service

/// The report about several pairs while they are compared: each is written as soon as it is done.
struct PairReport {
    private let form: any PairForm
    private let columns: LossColumns
    private let file: ReportFile
    private var progress: Progress
    private var means = LossMeans()
    private var done = 0
    private var failures = 0
    /// Objects or lines so far.
    private var lines = 0
    private var warnings = WarningCount()

    /// - Parameter count: of pairs, where it is known.
    init(_ form: any PairForm, _ columns: LossColumns, to file: ReportFile, count: Int?) {
        self.form = form
        self.columns = columns
        self.file = file
        progress = Progress(count: count)
    }

    /// Compares the pairs and ends the program: with 1 when a pair failed, as the signal says when one
    /// came.
    mutating func run(
        _ comparison: Comparison, _ pairs: PairList, _ options: ComparisonOptions,
        _ loss: ComparedLoss
    ) throws(Exit) {
        for warning in loss.warnings { CommandLineTool.printError("warning: \(warning.detail)") }
        let interruption = Interruption()
        try file.write(form.head)
        do throws(Exit) {
            try comparison.run(pairs, options, isCancelled: { interruption.isAsked }) {
                (pair, outcome) throws(Exit) in
                try add(pair, outcome, except: loss.warnings)
            }
        } catch {
            progress.clear()
            throw error
        }
        progress.clear()
        try file.write(form.foot(means))
        for sentence in warnings.sentences { CommandLineTool.printError(sentence) }
        let failed = failures > 0 ? ["\(failures) of \(done) pairs failed"] : []
        guard !interruption.isAsked else {
            throw Exit(interruption.status, failed + ["interrupted after \(done) pairs"])
        }
        guard failed.isEmpty else { throw Exit(.runtime, failed) }
    }

    private mutating func add(
        _ pair: ComparedPair, _ outcome: Comparison.Outcome, except known: [Warning]
    ) throws(Exit) {
        done += 1
        if file.isTerminal { progress.clear() }
        switch outcome {
        case .failure(let error):
            failures += 1
            try write(form.text(pair, number: lines, failure: error.description))
        case .success(let answer):
            let own = answer.warnings.filter { !known.contains($0) }
            warnings.add(own, of: pair.output)
            for (number, sample) in answer.samples.enumerated() {
                means.add(columns.values(sample.losses))
                try write(form.text(pair, number: lines, sample: number, sample, own))
            }
        }
        progress.show(done: done)
    }

    private mutating func write(_ text: String) throws(Exit) {
        try file.write(text)
        lines += 1
    }
}

/// What pairs were warned of, each sentence once with the first of its files.
private struct WarningCount {
    /// So many different sentences are told; there are far fewer as a rule.
    private static let sentencesMax = 32

    private var entries: [(warning: Warning, first: String, count: Int)] = []

    mutating func add(_ warnings: [Warning], of name: String) {
        for warning in warnings {
            if let index = entries.firstIndex(where: { $0.warning == warning }) {
                entries[index].count += 1
            } else if entries.count < Self.sentencesMax {
                entries.append((warning, name, 1))
            }
        }
    }

    var sentences: [String] {
        entries.map { entry in
            let others = entry.count > 1 ? " and \(entry.count - 1) more" : ""
            return "warning: \(entry.first)\(others): \(entry.warning.detail)"
        }
    }
}
