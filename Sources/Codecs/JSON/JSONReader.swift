/// A strict pull parser of RFC 8259 for bytes from outside: its user says what must come next, and
/// nothing here recurses.
///
/// Foundation's decoder takes a trailing comma, a byte order mark and the first of two equal names
/// without a word; here each is refused, and so are names and numbers no request needs.
struct JSONReader {
    /// Some 50 µs of work.
    static let bytesBetweenLooks = 1 << 16

    private(set) var text: ArraySlice<UInt8>
    var position: Int
    private let isCancelled: () -> Bool
    private var wasCancelled = false
    private var looksAgainAt: Int

    init(_ text: ArraySlice<UInt8>, isCancelled: @escaping () -> Bool = { false }) {
        self.text = text
        self.isCancelled = isCancelled
        position = text.startIndex
        looksAgainAt = position + Self.bytesBetweenLooks
    }

    func error(_ reason: String) -> JSONSyntaxError {
        var error = JSONSyntaxError(reason: reason, offset: position - text.startIndex)
        error.isCancellation = wasCancelled
        return error
    }

    /// Asked wherever a text may go on for long: once nobody waits any more the text ends here, and so
    /// does whatever reads it.
    mutating func look() {
        guard position >= looksAgainAt else { return }
        looksAgainAt = position + Self.bytesBetweenLooks
        guard isCancelled() else { return }
        wasCancelled = true
        text = text[..<position]
    }

    var next: UInt8? { position < text.endIndex ? text[position] : nil }

    /// The next byte that is not white space; nil at the end.
    mutating func peek() -> UInt8? {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
            look()
        }
        return next
    }

    /// Takes the byte if it comes next, after white space.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Takes the word if it comes next, after white space.
    mutating func take(word: String) -> Bool {
        _ = peek()
        guard text[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    /// Nothing but white space is left.
    mutating func end() throws(JSONSyntaxError) {
        guard peek() == nil, !wasCancelled else { throw error("unexpected text after the value") }
    }
}

extension JSONReader {
    /// An object that is being read: the names it had so far.
    struct Object {
        fileprivate var names: Set<UTF8Text> = []
    }

    /// An array that is being read.
    struct Array {
        fileprivate var isAtStart = true
    }

    /// Begins an object; its members are taken by `name(of:)`, each with its value.
    mutating func object() throws(JSONSyntaxError) -> Object {
        guard take("{") else { throw error("expected an object") }
        return Object()
    }

    /// The name of the next member, its colon taken; nil at the object's end.
    ///
    /// - Throws: also for a name that comes twice.
    mutating func name(of object: inout Object) throws(JSONSyntaxError) -> UTF8Text? {
        if take("}") { return nil }
        guard object.names.isEmpty || take(",") else {
            throw error("expected a comma or the end of the object")
        }
        guard peek() == UInt8(ascii: "\"") else { throw error("expected a name in quotes") }
        let name = try string()
        guard name.utf8.count <= UTF8Text.nameBytesMax else {
            throw error("a name longer than \(UTF8Text.nameBytesMax) bytes")
        }
        guard object.names.insert(name).inserted else {
            var error = error("a name stands twice in one object")
            error.duplicateName = name
            throw error
        }
        guard take(":") else { throw error("expected a colon") }
        return name
    }

    /// Begins an array; before each element `hasElement(of:)` is asked.
    mutating func array() throws(JSONSyntaxError) -> Array {
        guard take("[") else { throw error("expected an array") }
        return Array()
    }

    /// Whether another element follows, its comma taken; false at the array's end, which is taken.
    mutating func hasElement(of array: inout Array) throws(JSONSyntaxError) -> Bool {
        defer { array.isAtStart = false }
        if array.isAtStart { return !take("]") }
        if take(",") { return true }
        guard take("]") else { throw error("expected a comma or the end of the array") }
        return false
    }
}
