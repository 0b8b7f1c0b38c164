import HTTP

/// Reads settings from flags and environment and collects every mistake instead of stopping at the
/// first.
struct ConfigurationReader {
    private(set) var mistakes: [String] = []
    private var flags: [String: [String]] = [:]
    private let environment: [String: String]

    init(flags arguments: [String], environment: [String: String]) {
        self.environment = environment
        readFlags(arguments)
    }

    private mutating func readFlags(_ arguments: [String]) {
        let byFlag = Dictionary(uniqueKeysWithValues: Setting.all.map { ($0.flag, $0) })
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard argument.hasPrefix("--"), let setting = byFlag[String(parts[0])] else {
                mistakes.append("\(parts[0]): there is no such option")
                if parts.count == 1, let value = rest.first, !value.hasPrefix("--") {
                    rest.removeFirst()
                }
                continue
            }
            guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                mistakes.append("\(setting.flag): a value is missing")
                continue
            }
            flags[setting.key, default: []].append(value)
        }
    }

    /// A mistake that only the reader's user can see.
    mutating func addMistake(_ setting: Setting, _ sentence: String) {
        mistakes.append(
            "\(flags[setting.key] == nil ? setting.environmentName : setting.flag): \(sentence)")
    }

    /// The values given and the name under which they were given.
    private mutating func given(_ setting: Setting) -> (name: String, values: [String])? {
        if let values = flags[setting.key] {
            if case .list = setting.kind { return (setting.flag, values) }
            if values.count > 1 { mistakes.append("\(setting.flag): given more than once") }
            return (setting.flag, values)
        }
        guard let value = environment[setting.environmentName] else { return nil }
        guard case .list = setting.kind else { return (setting.environmentName, [value]) }
        return (setting.environmentName, value.split(separator: ",").map(String.init))
    }

    mutating func integer(_ setting: Setting, machine: Machine) -> Int {
        var standard = 0
        switch setting.defaultValue {
        case .integer(let value): standard = value
        case .machine(_, let derive): standard = derive(machine)
        case .text, .none: break
        }
        guard case .integer(let range, let unit) = setting.kind,
            let (name, values) = given(setting),
            let text = values.first
        else { return standard }
        guard let value = Int(text), range.contains(value) else {
            let bounds = "from \(range.lowerBound) to \(range.upperBound)"
            let noun = unit == .count ? "a plain integer" : "a plain integer of \(unit.rawValue)"
            mistakes.append("\(name): \"\(text)\" is not \(noun) \(bounds)")
            return standard
        }
        return value
    }

    mutating func text(_ setting: Setting) -> String? {
        var standard: String?
        if case .text(let text) = setting.defaultValue { standard = text }
        guard let (name, values) = given(setting), let text = values.first else { return standard }
        if case .choice(let choices) = setting.kind, !choices.contains(text) {
            mistakes.append("\(name): \"\(text)\" is none of \(choices.joined(separator: ", "))")
            return standard
        }
        guard !text.isEmpty else {
            mistakes.append("\(name): the value is empty")
            return standard
        }
        return text
    }

    mutating func addresses(_ setting: Setting) -> [ListenAddress] {
        let (name, values) = given(setting) ?? (setting.flag, [setting.defaultDescription])
        var addresses: [ListenAddress] = []
        for value in values {
            do {
                addresses.append(try ListenAddress(parsing: value))
            } catch {
                mistakes.append("\(name): \"\(value)\" is not HOST:PORT and not unix:/path")
            }
        }
        if values.isEmpty { mistakes.append("\(name): the value is empty") }
        return addresses
    }
}
