import Codecs

/// The options one request gave, JSON over query, each name checked and each value still as it
/// came.
struct OptionSet: Sendable {
    /// A value from a query is text, one from JSON is typed.
    private enum Value {
        case text(String)
        case json(JSON)
    }

    private var values: [OptionName: Value] = [:]

    /// - Throws: 400 for an option that is twice in the query, 422 `unknown_option`.
    init(
        query: [(name: String, value: String)], json: [JSON.Member] = [], known: [OptionName]
    ) throws(ServiceError) {
        for (name, value) in query {
            let option = try Self.option(name, known)
            guard values.updateValue(.text(value), forKey: option) == nil else {
                throw ServiceError(
                    .badRequest,
                    "The option \(option.rawValue) is in the query twice; give it once.")
            }
        }
        for member in json {
            let option = try Self.option(member.name.name, known)
            // A null says nothing, so it does not take back what the query says.
            if case .null = member.value { continue }
            values[option] = .json(member.value)
        }
    }

    private static func option(_ name: String?, _ known: [OptionName]) throws(ServiceError)
        -> OptionName
    {
        guard let name, let option = OptionName(rawValue: name), known.contains(option) else {
            let names = known.map(\.rawValue)
            let near = name?.nearest(of: names).map { " (did you mean \($0)?)" } ?? ""
            throw ServiceError(
                .unknownOption,
                "There is no such option here\(near); the options are "
                    + "\(names.joined(separator: ", ")).")
        }
        return option
    }

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
            throw invalid(
                option, "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    /// Numbers: `0.7,0.3` in a query, an array in JSON; nil when it was not given.
    func numbers(_ option: OptionName) throws(ServiceError) -> [Double]? {
        let numbers: [Double?]
        switch values[option] {
        case nil: return nil
        case .text(let text):
            numbers =
                text.split(separator: ",", omittingEmptySubsequences: false)
                .map { Double($0) }
        case .json(.array(let items)): numbers = items.map(\.double)
        case .json: numbers = [nil]
        }
        let values = numbers.compactMap { $0 }
        guard values.count == numbers.count, values.allSatisfy(\.isFinite) else {
            throw invalid(option, "numbers, 0.7,0.3 in a query or an array in JSON")
        }
        return values
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
        guard Set(list.map(\.name)).count == list.count else {
            throw ServiceError(
                .invalidOption, "The option \(option.rawValue) has a name twice; give each once.")
        }
        return list
    }

    private func weights(
        _ option: OptionName, text: String, _ needsWeight: Bool
    ) throws(ServiceError) -> [NamedWeight] {
        var list: [NamedWeight] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: !text.contains(",")) {
            let parts = item.split(separator: ":", omittingEmptySubsequences: false)
            let weight = parts.count == 2 ? Double(parts[1]) : needsWeight ? nil : 1
            guard parts.count <= 2, !parts[0].isEmpty, let weight, weight.isFinite else {
                throw invalidList(option, needsWeight)
            }
            list.append(NamedWeight(name: String(parts[0]), weight: weight))
        }
        return list
    }

    private func invalidList(_ option: OptionName, _ needsWeight: Bool) -> ServiceError {
        needsWeight
            ? invalid(option, "style:120,tv:0 in a query or {\"style\":120,\"tv\":0} in JSON")
            : invalid(
                option,
                "relu1_2:0.5,pool3 in a query, or an array of names or an object of weights in JSON"
            )
    }

    private func invalid(_ option: OptionName, _ expectation: String) -> ServiceError {
        ServiceError(.invalidOption, "The option \(option.rawValue) must be \(expectation).")
    }
}
