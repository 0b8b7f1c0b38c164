import HTTP

/// What the service runs with: read once at start, the same for its whole life.
public struct Configuration: Sendable {
    /// The machine the defaults were derived from.
    public let machine: Machine
    /// Addresses to serve on, at least one.
    public var listen: [ListenAddress] { self[.listen] }

    /// What was set and means nothing, a sentence each.
    public let warnings: [String]

    /// A value in a box of its type: an optional that is nil keeps its type in a box only.
    private struct Stored<Value: Sendable>: Sendable { let value: Value }
    private var values: [String: any Sendable] = [:]

    /// Reads every setting from the command line, the environment and the defaults.
    ///
    /// - Parameter flags: `--key value` or `--key=value`, and nothing else.
    /// - Throws: all mistakes at once.
    public init(
        flags: [String] = [], environment: [String: String] = [:], machine: Machine = .current()
    ) throws(ConfigurationError) {
        try self.init(
            Arguments(flags, options: Self.settings.map(\.flag)), environment: environment,
            machine: machine)
    }

    /// Reads every setting: the flag wins over the environment, which wins over the default.
    ///
    /// - Parameters:
    ///   - arguments: a command line whose options are at least some of the settings.
    ///   - environment: `STYLELOSS_…` variables. Those that are no setting are in `warnings`, but for
    ///     what Kubernetes sets.
    /// - Throws: all mistakes at once, those of the command line included.
    public init(
        _ arguments: Arguments, environment: [String: String] = [:], machine: Machine = .current()
    ) throws(ConfigurationError) {
        self.machine = machine
        var reader = ConfigurationReader(
            arguments: arguments, environment: EnvironmentNames.meant(environment))
        warnings = EnvironmentNames.warnings(environment, Self.settings)
        for setting in Self.settings { setting.read(&reader, &self) }
        guard reader.mistakes.isEmpty else { throw ConfigurationError(mistakes: reader.mistakes) }
    }

    /// The value in force of a setting.
    subscript<Value>(setting: Setting<Value>) -> Value {
        get {
            guard let stored = values[setting.key] as? Stored<Value> else {
                preconditionFailure("\(setting.key) is not in the table before it is asked for")
            }
            return stored.value
        }
        set { values[setting.key] = Stored(value: newValue) }
    }

    /// The settings that are numbers, by their names in JSON, for `/v1/info`.
    public var limits: [(name: String, value: Int)] {
        Self.settings.compactMap { setting in
            (values[setting.key] as? Stored<Int>).map { (setting.name, $0.value) }
        }
    }
}

/// All mistakes of a configuration, each a sentence that begins with the name of the flag or
/// variable.
public struct ConfigurationError: Error, CustomStringConvertible, Sendable {
    /// The sentences.
    public let mistakes: [String]

    /// A line a mistake.
    public var description: String { mistakes.joined(separator: "\n") }
}
