/// A JSON value (RFC 8259) whose objects keep their order, so that an answer reads as the
/// documentation shows it.
public enum JSON: Sendable, Equatable {
    /// One name and its value in an object.
    public struct Member: Sendable, Equatable {
        /// The name.
        public let name: UTF8Text
        /// The value.
        public let value: JSON

        /// A name from outside with a value.
        public init(_ name: UTF8Text, _ value: JSON) {
            self.name = name
            self.value = value
        }

        /// A name of ours with a value.
        public init(_ name: String, _ value: JSON) { self.init(UTF8Text(name), value) }
    }

    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    /// A string: bytes until it is known (see `UTF8Text`).
    case text(UTF8Text)
    case array([JSON])
    /// An array of numbers held as numbers: a Gram matrix has a quarter of a million of them.
    case numbers([Double])
    case object([Member])

    /// A string of ours.
    public static func string(_ value: String) -> JSON { .text(UTF8Text(value)) }

    /// The value of a member of an object; nil when there is none or this is no object.
    public subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.equals(name) }?.value
    }

    /// The number, whichever way it was written; nil for anything else.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
    ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
    /// An object, its members in the order written.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }

    /// An array.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A number.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// True or false.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// The string, or null.
    public init(_ value: String?) { self = value.map(JSON.string) ?? .null }
}
