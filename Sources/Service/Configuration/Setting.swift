/// One setting of the service, declared once: flag, environment variable, `/v1/info`, `--help` and
/// the table of the README all derive from this value.
public struct Setting: Sendable, Identifiable {
    /// What a value means, and so how its text is read.
    public enum Kind: Sendable {
        /// A plain integer in a range.
        case integer(ClosedRange<Int>, unit: Unit)
        /// One of a few words.
        case choice([String])
        /// Anything but an empty text.
        case text
        /// Like `text`, but a flag may be repeated; in the environment commas separate.
        case list
    }

    /// What an integer counts.
    public enum Unit: String, Sendable {
        case bytes, ms, pixels, count
    }

    /// What is in force when nobody says anything.
    public enum Default: Sendable {
        case integer(Int)
        case text(String)
        /// Follows from the machine; `description` says how.
        case machine(description: String, @Sendable (Machine) -> Int)
        /// Nothing; `description` says what happens then.
        case none(description: String)
    }

    /// The name on the wire and in errors, e.g. `max-body-bytes`.
    public let key: String
    /// What its values are.
    public let kind: Kind
    /// What is in force when nobody says anything.
    public let defaultValue: Default
    /// One sentence without a full stop.
    public let help: String

    /// The key.
    public var id: String { key }
    /// `--max-body-bytes`.
    public var flag: String { "--\(key)" }
    /// `STYLELOSS_MAX_BODY_BYTES`.
    public var environmentName: String { "STYLELOSS_" + name.uppercased() }
    /// `max_body_bytes`, the name in JSON.
    public var name: String { String(key.map { $0 == "-" ? "_" : $0 }) }

    /// The default as `--help` and the README print it.
    public var defaultDescription: String {
        switch defaultValue {
        case .integer(let value): value.description
        case .text(let text): text
        case .machine(let description, _), .none(let description): description
        }
    }
}

extension Setting {
    /// The table of the README: one row a setting.
    public static var markdownTable: String {
        let rows = all.map { "| `\($0.key)` | \($0.defaultDescription) | \($0.help) |" }
        return (["| option | default | |", "|---|---|---|"] + rows).joined(separator: "\n")
    }
}
