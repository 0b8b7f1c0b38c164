/// The dict literal of a `.npy` header: `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
struct NPYHeader {
    let elementType: ElementType
    let shape: [Int]

    init(_ header: Span<UInt8>) throws(NPYError) {
        var scanner = PythonLiteralScanner(header)
        var elementType: ElementType?
        var isFortranOrder: Bool?
        var shape: [Int]?

        guard scanner.take("{") else { throw .malformedHeader(.notDictionary) }
        while !scanner.take("}") {
            guard let key = scanner.pythonString(), scanner.take(":") else {
                throw .malformedHeader(.notDictionary)
            }
            switch key {
            case "descr" where elementType == nil:
                elementType = try Self.elementType(&scanner)
            case "fortran_order" where isFortranOrder == nil:
                isFortranOrder = try Self.boolean(&scanner)
            case "shape" where shape == nil:
                shape = try Self.tuple(&scanner)
            default:
                throw .malformedHeader(.keys)
            }
            guard scanner.take(",") || scanner.peek() == UInt8(ascii: "}") else {
                throw .malformedHeader(.notDictionary)
            }
        }
        guard scanner.peek() == nil else { throw .malformedHeader(.notDictionary) }
        guard let elementType, let isFortranOrder, let shape else { throw .malformedHeader(.keys) }
        guard !isFortranOrder else { throw .fortranOrder }
        self.elementType = elementType
        self.shape = shape
    }

    private static func elementType(_ scanner: inout PythonLiteralScanner) throws(NPYError)
        -> ElementType
    {
        if scanner.peek() == UInt8(ascii: "[") || scanner.peek() == UInt8(ascii: "(") {
            throw .unsupportedType(.structured)
        }
        guard let descr = scanner.pythonString() else { throw .malformedHeader(.descr) }
        switch descr {
        case "|u1", "<u1": return .uint8
        case "<f2": return .float16
        case "<f4": return .float32
        case "<f8": return .float64
        default: throw .unsupportedType(NPYError.UnsupportedType(descr: descr))
        }
    }

    private static func boolean(_ scanner: inout PythonLiteralScanner) throws(NPYError) -> Bool {
        if scanner.take(word: "False") { return false }
        if scanner.take(word: "True") { return true }
        throw .malformedHeader(.fortranOrder)
    }

    /// `()`, `(3,)`, `(3, 4)`, `(3, 4,)`; `(3)` is a number to Python, not a tuple.
    private static func tuple(_ scanner: inout PythonLiteralScanner) throws(NPYError) -> [Int] {
        guard scanner.take("(") else { throw .malformedHeader(.shape) }
        var shape: [Int] = []
        var endsWithComma = true
        while !scanner.take(")") {
            guard endsWithComma, let dimension = scanner.decimal() else {
                throw .malformedHeader(.shape)
            }
            guard shape.count < TensorView.rankMax else { throw .rankTooHigh }
            shape.append(dimension)
            endsWithComma = scanner.take(",")
        }
        guard shape.count != 1 || endsWithComma else { throw .malformedHeader(.shape) }
        return shape
    }
}
