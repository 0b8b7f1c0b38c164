import Codecs
import HTTP

/// The options one request gave, JSON over fields of a form over query, each name checked and each
/// value still as it came.
struct OptionSet: Sendable {
    /// A value from a query or a form is text, one from JSON is typed.
    enum Value: Sendable {
        case text(String)
        case json(JSON)
    }

    private var values: [OptionName: Value] = [:]

    /// - Throws: 400 for an option that is twice in the query, 422 `unknown_option`.
    init(
        query: [(name: String, value: String)], body: Submission? = nil, known: [OptionName]
    ) throws(ServiceError) {
        for (name, value) in query {
            let option = try Self.option(UTF8Text(name), known)
            guard values.updateValue(.text(value), forKey: option) == nil else {
                throw ServiceError(
                    .badRequest,
                    "The option \(option.rawValue) is in the query twice; give it once.")
            }
        }
        for (option, value) in body?.fields ?? [:] { values[option] = value }
        for member in body?.options ?? [] {
            let option = try Self.option(member.name, known)
            // A null says nothing, so it does not take back what the query says.
            if case .null = member.value { continue }
            values[option] = .json(member.value)
        }
    }

    private static func option(
        _ text: UTF8Text, _ known: [OptionName]
    ) throws(ServiceError) -> OptionName {
        let name = text.name
        guard let name, let option = OptionName(rawValue: name), known.contains(option) else {
            let names = known.map(\.rawValue)
            if let name, PartNames.everyImage.contains(name) {
                throw ServiceError(
                    .unknownOption,
                    "\(name) is no option: it is an image and belongs into the body; with curl, "
                        + "write -F \(name)=@FILE.")
            }
            throw ServiceError(
                .unknownOption,
                "There is no option \(Excerpt.quoted(text)) here"
                    + "\(Excerpt.suggestion(name, of: names)); the options are "
                    + "\(names.joined(separator: ", ")).")
        }
        return option
    }

    /// Whether an option was given.
    func has(_ option: OptionName) -> Bool { values[option] != nil }

    /// A value that can be said in JSON alone; nil when it was not given.
    func json(_ option: OptionName) throws(ServiceError) -> JSON? {
        switch values[option] {
        case nil: return nil
        case .json(let json): return json
        case .text: throw invalid(option, "in the options sent as JSON")
        }
    }

    /// The text of an option; nil when it was not given.
    func text(_ option: OptionName) throws(ServiceError) -> String? {
        switch values[option] {
        case nil: return nil
        case .text(let text): return text
        case .json(.text(let text)):
            guard let name = text.name else {
                throw invalid(option, "at most \(UTF8Text.nameBytesMax) ASCII characters")
            }
            return name
        case .json: throw invalid(option, "a string")
        }
    }

    /// The case an option names.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ option: OptionName, _ type: Choice.Type = Choice.self
    ) throws(ServiceError) -> Choice? {
        guard let text = try text(option) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue)
            throw invalid(
                option, "one of " + words.joined(separator: ", "), found: text,
                Excerpt.suggestion(text, of: words))
        }
        return choice
    }

    /// Yes or no: `true` or `false`; false when it was not given.
    func flag(_ option: OptionName) throws(ServiceError) -> Bool {
        try optionalFlag(option) ?? false
    }

    /// Yes or no: `true` or `false`; nil when it was not given.
    func optionalFlag(_ option: OptionName) throws(ServiceError) -> Bool? {
        switch values[option] {
        case nil: return nil
        case .json(.bool(let value)): return value
        case .text("true"): return true
        case .text("false"): return false
        default: throw invalid(option, "true or false")
        }
    }

    /// A whole number in a range; nil when it was not given.
    func integer(
        _ option: OptionName, in range: ClosedRange<Int>
    ) throws(ServiceError) -> Int? {
        let number: Int?
        switch values[option] {
        case nil: return nil
        case .text(let text): number = Int(text)
        case .json(.integer(let value)): number = value
        case .json: number = nil
        }
        guard let number, range.contains(number) else {
            throw invalid(
                option, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Numbers: `0.7,0.3` in a query, an array in JSON; nil when it was not given.
    func numbers(_ option: OptionName) throws(ServiceError) -> [Double]? {
        let numbers: [Double?]
        switch values[option] {
        case nil: return nil
        case .text(let text):
            numbers =
                text.split(separator: ",", omittingEmptySubsequences: false)
                .map { Double(Self.trimmed($0)) }
        case .json(.array(let items)): numbers = items.map(\.double)
        case .json: numbers = [nil]
        }
        let values = numbers.compactMap { $0 }
        guard values.count == numbers.count, values.allSatisfy(\.isFinite) else {
            throw invalid(option, "numbers, 0.7,0.3 in a query or an array in JSON")
        }
        return values
    }

    /// Names: `style,tv` as a text, or an array of texts in JSON; nil when it was not given.
    func names(_ option: OptionName) throws(ServiceError) -> [String]? {
        guard case .json(.array(let items)) = values[option] else {
            return try text(option)?.split(separator: ",", omittingEmptySubsequences: false)
                .map(String.init)
        }
        var names: [String] = []
        for item in items {
            guard case .text(let text) = item, let name = text.name else {
                throw invalid(option, "names, style,tv in a query or an array in JSON")
            }
            names.append(name)
        }
        guard !names.isEmpty else { throw invalid(option, "one name or more") }
        return names
    }

    /// Names with weights: `relu1_2:0.5,pool3` in a query; an array of names or an object in JSON.
    func weights(_ option: OptionName, needsWeight: Bool = false) throws(ServiceError)
        -> [NamedWeight]?
    {
        let list: [NamedWeight]
        switch values[option] {
        case nil: return nil
        case .text(let text): list = try weights(option, text: text, needsWeight)
        case .json(.array(let items)) where !needsWeight:
            var names: [NamedWeight] = []
            for item in items {
                guard case .text(let text) = item, let name = text.name else {
                    throw invalidList(option, needsWeight)
                }
                names.append(NamedWeight(name: name, weight: 1))
            }
            list = names
        case .json(.object(let members)):
            var pairs: [NamedWeight] = []
            for member in members {
                guard let name = member.name.name, let weight = member.value.double else {
                    throw invalidList(option, needsWeight)
                }
                pairs.append(NamedWeight(name: name, weight: weight))
            }
            list = pairs
        case .json: throw invalidList(option, needsWeight)
        }
        var seen: Set<String> = []
        for item in list where !seen.insert(item.name).inserted {
            throw ServiceError(
                .invalidOption,
                "The option \(option.rawValue) has \(Excerpt.quoted(item.name)) twice; give it once."
            )
        }
        return list
    }

    private func weights(
        _ option: OptionName, text: String, _ needsWeight: Bool
    ) throws(ServiceError) -> [NamedWeight] {
        var list: [NamedWeight] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: !text.contains(",")) {
            let parts = item.split(separator: ":", omittingEmptySubsequences: false)
                .map(Self.trimmed)
            let weight = parts.count == 2 ? Double(parts[1]) : needsWeight ? nil : 1
            guard parts.count <= 2, !parts[0].isEmpty, let weight, weight.isFinite else {
                throw invalidList(option, needsWeight, found: String(item))
            }
            list.append(NamedWeight(name: parts[0], weight: weight))
        }
        return list
    }

    /// Blanks around names and numbers mean nothing.
    private static func trimmed(_ text: Substring) -> String {
        String(decoding: ASCII.trimmed(text.utf8), as: UTF8.self)
    }

    private func invalidList(
        _ option: OptionName, _ needsWeight: Bool, found: String? = nil
    ) -> ServiceError {
        invalid(
            option,
            needsWeight
                ? "style:120,tv:0 in a query or {\"style\":120,\"tv\":0} in JSON"
                : "relu1_2:0.5,pool3 in a query, or an array of names or an object of weights in "
                    + "JSON", found: found)
    }

    private func invalid(
        _ option: OptionName, _ expectation: String, found: String? = nil, _ suggestion: String = ""
    ) -> ServiceError {
        let found = found.map { "; it has \(Excerpt.quoted($0))" } ?? ""
        return ServiceError(
            .invalidOption,
            "The option \(option.rawValue) must be \(expectation)\(found)\(suggestion).")
    }
}
