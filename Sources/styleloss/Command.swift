import FoundationEssentials
import Service

/// A subcommand: what it takes and what it does.
struct Command: Sendable {
    let name: String
    /// One sentence.
    let abstract: String
    var discussion: String?
    /// Files and the like, all of them required.
    var operands: [Option] = []
    /// An option that stands in the place of the operands.
    var insteadOfOperands: Option?
    /// Options of the command itself, beside the settings.
    var options: [Option] = []
    /// Settings of the service that matter to it.
    var settings: [SettingRow] = []
    let run: @Sendable (Invocation) throws(Exit) -> Void

    /// An option, a switch (without a placeholder), or an operand.
    struct Option: Sendable {
        let name: String
        var placeholder: String?
        let help: String
        /// `--name`.
        var flag: String { "--\(name)" }
    }

    static let all = [serve, compare, info, health, completion]

    /// Runs the command on its part of the command line.
    func run(_ words: [String]) throws(Exit) {
        guard !words.contains("--help"), !words.contains("-h") else {
            throw Exit(.clean, CommandHelp.text(self))
        }
        let arguments = Arguments(
            words,
            options: options.filter { $0.placeholder != nil }.map(\.flag) + settings.map(\.flag),
            switches: options.filter { $0.placeholder == nil }.map(\.flag))
        try run(Invocation(arguments: arguments, operandMistakes: operandMistakes(arguments)))
    }

    private func operandMistakes(_ arguments: Arguments) -> [String] {
        let isReplaced = insteadOfOperands.map { arguments.values(of: $0.flag) != nil } ?? false
        let operands = isReplaced ? [] : self.operands
        let missing = operands.dropFirst(arguments.operands.count).map {
            "\($0.name.uppercased()): it is missing"
        }
        return missing
            + arguments.operands.dropFirst(operands.count).map {
                "\($0): nothing is expected here"
            }
    }
}

/// A command line that a command was given.
struct Invocation {
    let arguments: Arguments
    let operandMistakes: [String]

    var operands: [String] { arguments.operands }

    /// The last value of an option of the command.
    func value(of name: String) -> String? { arguments.values(of: "--\(name)")?.last }

    /// The end of a command that needs no configuration, with every mistake of its line.
    func check() throws(Exit) {
        let mistakes = operandMistakes + arguments.mistakes
        guard mistakes.isEmpty else { throw Exit(.usage, mistakes) }
    }

    /// The configuration from the command line and the environment, or the end of the command with
    /// every mistake of both. What was set and means nothing is told on standard error, but by the
    /// service itself, which has a log for it.
    func configuration(warns: Bool = true) throws(Exit) -> Configuration {
        var mistakes = operandMistakes
        do {
            let configuration = try Configuration(
                arguments, environment: ProcessInfo.processInfo.environment)
            if mistakes.isEmpty {
                if warns { configuration.warnings.forEach(CommandLineTool.printError) }
                return configuration
            }
        } catch {
            mistakes += error.mistakes
        }
        throw Exit(.usage, mistakes)
    }
}

/// The end of the program: its status, and what is said at that.
struct Exit: Error {
    let status: ExitStatus
    let text: String?

    /// Text for standard output when the status is `clean`, else for standard error.
    init(_ status: ExitStatus, _ text: String? = nil) {
        self.status = status
        self.text = text
    }

    /// Sentences for standard error.
    init(_ status: ExitStatus, _ sentences: [String]) {
        self.init(status, sentences.map { "\(Version.name): \($0)" }.joined(separator: "\n"))
    }
}
