import Codecs
import Inference

/// Goes over the members of a loss's definition, to read them from JSON or to write them: one list of
/// members for both.
protocol FieldVisitor {
    /// Whether members are read, and values are to be checked.
    var isReading: Bool { get }

    mutating func visit(_ name: String, _ value: inout JSON?) throws(ServiceError)

    /// The value of a member that is an object, or an item of a list.
    mutating func object<Value: Visited>(
        _ name: String, _ value: inout Value
    ) throws(ServiceError)

    /// The value of a member that is an object, with the members it does not have as in `blank`, or null.
    mutating func object<Value: Visited>(
        _ name: String, _ value: inout Value?, _ blank: Value
    ) throws(ServiceError)

    /// A list of objects.
    mutating func objects<Value: Visited>(
        _ name: String, _ values: inout [Value], _ blank: Value
    ) throws(ServiceError)

    /// What is wrong with a member.
    func fault(_ name: String, _ sentence: String) -> ServiceError
}

/// A value whose members can be visited.
protocol Visited {
    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError)
}

extension FieldVisitor {
    /// A text, as it is or one that may be missing.
    mutating func text(
        _ name: String, _ value: inout String, isRequired: Bool = false, countMax: Int = 1000
    ) throws(ServiceError) {
        var json: JSON? = .string(value)
        try visit(name, &json)
        guard isReading else { return }
        switch json {
        case .text(let text) where text.utf8.count <= countMax: value = text.string
        case nil where !isRequired: return
        default: throw fault(name, "must be a text of at most \(countMax) bytes")
        }
    }

    /// A number within bounds.
    mutating func number(
        _ name: String, _ value: inout Double, in bounds: ClosedRange<Double> = -1e300...1e300
    ) throws(ServiceError) {
        var json: JSON? = .number(value)
        try visit(name, &json)
        guard isReading, let json else { return }
        guard let number = json.double, bounds.contains(number) else {
            throw fault(
                name,
                "must be a number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        value = number
    }

    /// A number within bounds that need not be there; null is the same as none.
    mutating func number(
        _ name: String, _ value: inout Double?, in bounds: ClosedRange<Double> = -1e300...1e300
    ) throws(ServiceError) {
        var json: JSON? = value.map(JSON.number)
        try visit(name, &json)
        guard isReading else { return }
        switch json {
        case nil, .null: value = nil
        default:
            guard let number = json?.double, bounds.contains(number) else {
                throw fault(
                    name,
                    "must be null or a number from \(bounds.lowerBound) to \(bounds.upperBound)")
            }
            value = number
        }
    }

    /// A whole number within bounds.
    mutating func integer(
        _ name: String, _ value: inout Int, in bounds: ClosedRange<Int>
    ) throws(ServiceError) {
        var json: JSON? = .integer(value)
        try visit(name, &json)
        guard isReading, let json else { return }
        guard case .integer(let number) = json, bounds.contains(number) else {
            throw fault(
                name,
                "must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        value = number
    }

    /// Yes or no.
    mutating func flag(_ name: String, _ value: inout Bool) throws(ServiceError) {
        var json: JSON? = .bool(value)
        try visit(name, &json)
        guard isReading, let json else { return }
        guard case .bool(let flag) = json else { throw fault(name, "must be true or false") }
        value = flag
    }

    /// One of the cases of an enumeration.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ value: inout Choice
    ) throws(ServiceError) {
        var text = value.rawValue
        try choice(name, &text, of: Choice.allCases.map(\.rawValue))
        value = Choice(rawValue: text) ?? value
    }

    /// One of the cases of an enumeration, or null.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ value: inout Choice?
    ) throws(ServiceError) {
        var json: JSON? = JSON(value?.rawValue)
        try visit(name, &json)
        guard isReading else { return }
        switch json {
        case nil: return
        case .null: value = nil
        case .text(let text):
            guard let choice = text.name.flatMap(Choice.init(rawValue:)) else { fallthrough }
            value = choice
        default:
            let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw fault(name, "must be null or one of \(names)")
        }
    }

    /// One of some words.
    mutating func choice(
        _ name: String, _ value: inout String, of words: [String]
    ) throws(ServiceError) {
        var json: JSON? = .string(value)
        try visit(name, &json)
        guard isReading, let json else { return }
        // A name of ours is short and ASCII: only such a text is compared.
        var word: String?
        if case .text(let text) = json { word = text.name }
        guard let word, words.contains(word) else {
            throw fault(
                name,
                "must be one of \(words.joined(separator: ", "))"
                    + Excerpt.suggestion(word, of: words))
        }
        value = word
    }

    /// Three numbers.
    mutating func triple(
        _ name: String, _ value: inout [Float], in bounds: ClosedRange<Float>
    ) throws(ServiceError) {
        var json: JSON? = .array(value.map(JSON.single))
        try visit(name, &json)
        guard isReading, let json else { return }
        guard case .array(let items) = json, items.count == 3,
            items.allSatisfy({ $0.double.map { bounds.contains(Float($0)) } ?? false })
        else { throw fault(name, "must be three numbers") }
        value = items.map { Float($0.double ?? 0) }
    }
}

extension JSON {
    /// A single-precision constant as it was written down: 103.939, not the double nearest to it.
    static func single(_ value: Float) -> JSON {
        .number(Double(value.description) ?? Double(value))
    }
}
