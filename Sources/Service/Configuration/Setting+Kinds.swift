import HTTP

/// The kinds of settings, each with the parser of its values.
extension Setting where Value == Int {
    /// What an integer counts, and what stands for it in `--help`.
    enum Unit: String {
        case bytes, ms, pixels
        case count = "n"
    }

    /// A plain integer in a range.
    static func integer(
        _ key: String, _ range: ClosedRange<Int>, _ unit: Unit, default value: Int, _ help: String
    ) -> Self {
        derived(key, range, unit, default: value.description, help) { _ in value }
    }

    /// A plain integer whose default follows from the machine or from other settings.
    static func derived(
        _ key: String, _ range: ClosedRange<Int>, _ unit: Unit, default description: String,
        _ help: String, from standard: @escaping @Sendable (Configuration) -> Int
    ) -> Self {
        Setting(
            key: key, placeholder: unit.rawValue, help: help, defaultDescription: description,
            standard: standard
        ) { texts throws(SettingError) in
            guard let value = Int(texts[0]), range.contains(value) else {
                let noun =
                    unit == .count ? "a plain integer" : "a plain integer of \(unit.rawValue)"
                throw SettingError(
                    clause: "\"\(texts[0])\" is not \(noun) from \(range.lowerBound) to "
                        + "\(range.upperBound)")
            }
            return value
        }
    }

    static func bytes(_ key: String, default value: Int, _ help: String) -> Self {
        integer(key, 1024...1 << 50, .bytes, default: value, help)
    }

    /// At most an hour.
    static func milliseconds(
        _ key: String, from least: Int = 1, default value: Int, _ help: String
    ) -> Self {
        integer(key, least...3_600_000, .ms, default: value, help)
    }
}

extension Setting {
    /// One of the words of a type; nil, which `description` explains, when nothing is given.
    static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ key: String, default description: String, _ help: String
    ) -> Self where Value == Choice? {
        Setting(
            key: key, placeholder: words(Choice.self).joined(separator: "|"), help: help,
            defaultDescription: description, standard: { _ in nil },
            parse: { texts throws(SettingError) in try word(texts[0]) })
    }

    /// One of the words of a type.
    static func choice(_ key: String, default value: Value, _ help: String) -> Self
    where Value: RawRepresentable<String> & CaseIterable {
        Setting(
            key: key, placeholder: words(Value.self).joined(separator: "|"), help: help,
            defaultDescription: value.rawValue, standard: { _ in value },
            parse: { texts throws(SettingError) in try word(texts[0]) })
    }

    private static func words<Choice: RawRepresentable<String> & CaseIterable>(
        _ type: Choice.Type
    ) -> [String] {
        type.allCases.map(\.rawValue)
    }

    private static func word<Choice: RawRepresentable<String> & CaseIterable>(
        _ text: String
    ) throws(SettingError) -> Choice {
        guard let choice = Choice(rawValue: text) else {
            throw SettingError(
                clause: "\"\(text)\" is none of "
                    + words(Choice.self).joined(separator: ", "))
        }
        return choice
    }
}

extension Setting where Value == Bool {
    /// true or false.
    static func flag(_ key: String, default value: Bool, _ help: String) -> Self {
        Setting(
            key: key, placeholder: "true|false", help: help,
            defaultDescription: value.description, standard: { _ in value }
        ) { texts throws(SettingError) in
            guard let value = Bool(texts[0]) else {
                throw SettingError(clause: "\"\(texts[0])\" is none of true, false")
            }
            return value
        }
    }
}

extension Setting where Value == String? {
    /// The path of a file; nil, which `description` explains, when nothing is given.
    static func file(_ key: String, default description: String, _ help: String) -> Self {
        Setting(
            key: key, placeholder: "file", help: help, defaultDescription: description,
            standard: { _ in nil }, parse: { $0[0] })
    }
}

extension Setting where Value == [ListenAddress] {
    static func addresses(
        _ key: String, default address: ListenAddress, _ help: String
    ) -> Self {
        Setting(
            key: key, placeholder: "address", help: help, isList: true,
            defaultDescription: address.description, standard: { _ in [address] }
        ) { texts throws(SettingError) in
            var addresses: [ListenAddress] = []
            for text in texts {
                do {
                    addresses.append(try ListenAddress(parsing: text))
                } catch {
                    throw SettingError(clause: "\"\(text)\" is not HOST:PORT and not unix:/path")
                }
            }
            return addresses
        }
    }
}
