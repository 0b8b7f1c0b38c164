/// One setting of the service, declared once: its parser, range, default and help stand together,
/// and flag, environment variable, `/v1/info`, `--help` and the table of the README derive from them.
///
/// Its value is asked for by the setting itself, `configuration[.maxBodyBytes]`, and has its type.
/// The settings are computed properties because a generic type stores no static ones.
public struct Setting<Value: Sendable>: Sendable {
    /// The name on the wire and in errors, e.g. `max-body-bytes`.
    public let key: String
    /// What stands for a value in `--help`.
    let placeholder: String
    /// One sentence without a full stop.
    let help: String
    /// Whether the flag may be repeated and commas separate values in the environment.
    var isList = false
    /// The default as `--help` and the README print it.
    let defaultDescription: String
    /// What is in force when nobody says anything; it may follow from the machine and from settings
    /// that stand before this one in `Configuration.settings`.
    let standard: @Sendable (Configuration) -> Value
    /// The value of what was given, which is one text unless this is a list.
    let parse: @Sendable ([String]) throws(SettingError) -> Value

    /// This setting as a row of the tables.
    var row: SettingRow {
        SettingRow(
            key: key, placeholder: placeholder, help: help, isList: isList,
            defaultDescription: defaultDescription
        ) { reader, configuration in
            configuration[self] = reader.value(of: self) ?? standard(configuration)
        }
    }
}

/// Why a text is no value of a setting: a clause that follows the name of the flag or variable.
struct SettingError: Error {
    let clause: String
}

/// A setting whatever the type of its values: one row of `--help` and of the README.
public struct SettingRow: Sendable {
    /// The name on the wire and in errors, e.g. `max-body-bytes`.
    public let key: String
    /// What stands for a value in `--help`.
    public let placeholder: String
    /// One sentence without a full stop.
    public let help: String
    /// Whether the flag may be repeated.
    let isList: Bool
    /// The default as `--help` and the README print it.
    public let defaultDescription: String
    /// Puts the value given, else the default, into the configuration.
    let read: @Sendable (inout ConfigurationReader, inout Configuration) -> Void

    /// `--max-body-bytes`.
    public var flag: String { "--\(key)" }
    /// `max_body_bytes`, the name in JSON.
    public var name: String { String(key.map { $0 == "-" ? "_" : $0 }) }
    /// `STYLELOSS_MAX_BODY_BYTES`.
    public var environmentName: String { "STYLELOSS_" + name.uppercased() }
}
