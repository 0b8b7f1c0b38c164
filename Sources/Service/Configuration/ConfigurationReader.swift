/// Reads settings from a command line and the environment and collects every mistake instead of
/// stopping at the first.
struct ConfigurationReader {
    private(set) var mistakes: [String]
    private let arguments: Arguments
    private let environment: [String: String]

    init(arguments: Arguments, environment: [String: String]) {
        self.arguments = arguments
        self.environment = environment
        mistakes = arguments.mistakes
    }

    /// The value given for a setting; nil when there is none, or none that can be used.
    mutating func value<Value>(of setting: Setting<Value>) -> Value? {
        let row = setting.row
        guard let (name, texts) = given(row) else { return nil }
        guard !texts.isEmpty, !texts.contains("") else {
            mistakes.append("\(name): the value is empty")
            return nil
        }
        guard row.isList || texts.count == 1 else {
            mistakes.append("\(name): given more than once")
            return nil
        }
        do {
            return try setting.parse(texts)
        } catch {
            mistakes.append("\(name): \(error.clause)")
            return nil
        }
    }

    /// The texts given and the name under which they were given.
    private func given(_ row: SettingRow) -> (name: String, texts: [String])? {
        if let texts = arguments.values(of: row.flag) { return (row.flag, texts) }
        guard let text = environment[row.environmentName] else { return nil }
        let texts =
            row.isList
            ? text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            : [text]
        return (row.environmentName, texts)
    }
}
