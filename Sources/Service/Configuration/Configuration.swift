import HTTP
import Inference

/// What the service runs with: read once at start, the same for its whole life.
public struct Configuration: Sendable {
    /// The machine the defaults were derived from.
    public let machine: Machine
    /// Addresses to serve on, at least one.
    public let listen: [ListenAddress]

    private var integers: [String: Int] = [:]
    private var texts: [String: String] = [:]

    /// Reads every setting: the flag wins over the environment, which wins over the default.
    ///
    /// - Parameters:
    ///   - flags: the command line after the subcommand: `--key value` or `--key=value`.
    ///   - environment: `STYLELOSS_…` variables. Names that are no setting are ignored: Kubernetes
    ///     gives every
    ///     container of a service called styleloss a `STYLELOSS_PORT`.
    /// - Throws: all mistakes at once.
    public init(
        flags: [String] = [], environment: [String: String] = [:], machine: Machine = .current()
    ) throws(ConfigurationError) {
        self.machine = machine
        var reader = ConfigurationReader(flags: flags, environment: environment)
        for setting in Setting.all {
            switch setting.kind {
            case .integer: integers[setting.key] = reader.integer(setting, machine: machine)
            case .choice, .text: texts[setting.key] = reader.text(setting)
            case .list: break
            }
        }
        listen = reader.addresses(Setting.listen)
        let forced = texts[Setting.instructionSet.key].flatMap(InstructionSet.init(rawValue:))
        if let forced, !forced.isSupported {
            reader.addMistake(.instructionSet, "this processor does not have \(forced.rawValue)")
        }
        guard reader.mistakes.isEmpty else { throw ConfigurationError(mistakes: reader.mistakes) }
    }

    /// The value of an integer setting, in the setting's unit.
    public subscript(setting: Setting) -> Int {
        guard let value = integers[setting.key] else {
            preconditionFailure("\(setting.key) is no integer")
        }
        return value
    }

    /// The value of a text setting; nil when it was not given and has no default.
    public func text(_ setting: Setting) -> String? { texts[setting.key] }
}

/// All mistakes of a configuration, each a sentence that begins with the name of the flag or
/// variable.
public struct ConfigurationError: Error, CustomStringConvertible, Sendable {
    /// The sentences.
    public let mistakes: [String]

    /// A line a mistake.
    public var description: String { mistakes.joined(separator: "\n") }
}
