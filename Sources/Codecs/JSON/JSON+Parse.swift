extension JSON {
    /// Deeper than any request of this service by an order of magnitude.
    package static let depthMax = 64
    /// Far more than an array of weights has.
    public static let valuesMax = 1 << 16
    /// JSON's longest useful number has 25 characters; converting one takes more time than its length.
    package static let numberBytesMax = 1024

    /// The one value that fills the text but for white space.
    ///
    /// Strings without escapes share the memory of `text`.
    ///
    /// - Parameters:
    ///   - valuesMax: limit of values, each of which takes some forty bytes however short it was
    ///     written.
    ///   - isCancelled: asked every few milliseconds; once it says true, an error that
    ///     `isCancellation` is thrown.
    public static func parse(
        _ text: ArraySlice<UInt8>, valuesMax: Int = JSON.valuesMax,
        isCancelled: @escaping () -> Bool = { false }
    ) throws(JSONSyntaxError) -> JSON {
        var reader = JSONReader(text, isCancelled: isCancelled)
        var valuesLeft = valuesMax
        let value = try value(&reader, depth: 0, &valuesLeft)
        try reader.end()
        return value
    }

    private static func value(
        _ reader: inout JSONReader, depth: Int, _ valuesLeft: inout Int
    ) throws(JSONSyntaxError) -> JSON {
        guard depth <= depthMax else {
            throw reader.error("nested deeper than \(depthMax) levels")
        }
        guard valuesLeft > 0 else { throw reader.error("too many values") }
        valuesLeft -= 1
        switch reader.peek() {
        case UInt8(ascii: "{"):
            var object = try reader.object()
            var members: [Member] = []
            while let name = try reader.name(of: &object) {
                members.append(Member(name, try value(&reader, depth: depth + 1, &valuesLeft)))
            }
            return .object(members)
        case UInt8(ascii: "["):
            var array = try reader.array()
            var items: [JSON] = []
            while try reader.hasElement(of: &array) {
                items.append(try value(&reader, depth: depth + 1, &valuesLeft))
            }
            return .array(items)
        case UInt8(ascii: "\""): return .text(try reader.string())
        case UInt8(ascii: "t"): return try reader.word("true", .bool(true))
        case UInt8(ascii: "f"): return try reader.word("false", .bool(false))
        case UInt8(ascii: "n"): return try reader.word("null", .null)
        case nil: throw reader.error("the text ends where a value is expected")
        default: return try reader.number()
        }
    }
}

extension JSONReader {
    fileprivate mutating func word(_ word: String, _ value: JSON) throws(JSONSyntaxError) -> JSON {
        guard take(word: word) else { throw error("unexpected character") }
        return value
    }
}
