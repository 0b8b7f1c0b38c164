/// The dict literal of a `.npy` header: `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
struct NPYHeader {
    let elementType: ElementType
    let isBigEndian: Bool
    let isFortranOrder: Bool
    let shape: [Int]

    init(_ header: Span<UInt8>) throws(NPYError) {
        var scanner = PythonLiteralScanner(header)
        var dtype: (type: ElementType, isBigEndian: Bool)?
        var isFortranOrder: Bool?
        var shape: [Int]?

        guard scanner.take("{") else { throw .malformedHeader(.notDictionary) }
        while !scanner.take("}") {
            guard let key = scanner.pythonString(), scanner.take(":") else {
                throw .malformedHeader(.notDictionary)
            }
            switch key {
            case "descr" where dtype == nil: dtype = try Self.dtype(&scanner)
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
        guard let dtype, let isFortranOrder, let shape else { throw .malformedHeader(.keys) }
        elementType = dtype.type
        isBigEndian = dtype.isBigEndian
        self.isFortranOrder = isFortranOrder
        self.shape = shape
    }

    /// A byte order, then a kind and a size: `<f4`. Of one byte there is no order.
    private static func dtype(
        _ scanner: inout PythonLiteralScanner
    ) throws(NPYError) -> (type: ElementType, isBigEndian: Bool) {
        if scanner.peek() == UInt8(ascii: "[") || scanner.peek() == UInt8(ascii: "(") {
            throw .unsupportedType(.structured)
        }
        guard let descr = scanner.pythonString() else { throw .malformedHeader(.descr) }
        let order = descr.prefix(1)
        guard let type = types[descr.dropFirst()],
            order == "<" || order == ">" || order == "|" && type.byteCount == 1
        else { throw .unsupportedType(NPYError.UnsupportedType(descr: descr)) }
        return (type, order == ">")
    }

    private static let types: [Substring: ElementType] = [
        "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64,
        "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64,
        "f2": .float16, "f4": .float32, "f8": .float64,
    ]

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
