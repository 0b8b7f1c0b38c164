import Codecs
import Testing

/// A `.npy` file from a header text and data, right or wrong.
func npy(
    _ header: String, data: Int = 0, version: (UInt8, UInt8) = (1, 0), length: Int? = nil
) -> [UInt8] {
    let length = length ?? header.utf8.count
    let lengthBytes = version.0 == 1 ? 2 : 4
    return [0x93] + Array("NUMPY".utf8) + [version.0, version.1]
        + (0..<lengthBytes).map { UInt8(length >> (8 * $0) & 0xFF) }
        + Array(header.utf8) + [UInt8](repeating: 0, count: data)
}

@Suite struct NPYTests {
    private func failure(_ file: [UInt8]) -> NPYError? {
        do throws(NPYError) {
            _ = try NPY.parse(file.span)
            return nil
        } catch {
            return error
        }
    }

    private func header(descr: String = "'<f4'", order: String = "False", shape: String) -> String {
        "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), }\n"
    }

    @Test(arguments: [
        ("uint8", ElementType.uint8), ("float16", .float16), ("float32", .float32),
        ("float64", .float64), ("version2", .float32), ("version3", .float32),
    ])
    func `reads what numpy writes`(name: String, type: ElementType) throws {
        let file = try Fixture.bytes("\(name).npy")
        let view = try NPY.parse(file.span)
        #expect(view.elementType == type)
        #expect(view.shape == [2, 3] && view.elementCount == 6)
        #expect(
            try Elements.float32(view, of: file.span)
                == (type == .uint8
                    ? [0, 50, 100, 150, 200, 250] : [-1, -0.75, -0.5, -0.25, 0, 0.25]))
    }

    /// What numpy.save writes of a transposed array, of big-endian values and of integers.
    @Test func `reads other orders and integers`() throws {
        for name in ["fortran", "bigEndian"] {
            let file = try Fixture.bytes("\(name).npy")
            let view = try NPY.parse(file.span)
            #expect(view.shape == [2, 3])
            #expect(
                try Elements.float32(view, of: file.span) == [-1, -0.75, -0.5, -0.25, 0, 0.25])
        }
        let file = try Fixture.bytes("integer.npy")
        let view = try NPY.parse(file.span)
        #expect(view.elementType == .int64 && view.shape == [3])
        #expect(try Elements.uint8(view, of: file.span) == [0, 1, 2])
        #expect(try Elements.float32(view, of: file.span) == [0, 1, 2])
    }

    @Test func `reads scalars, vectors and empty arrays`() throws {
        let shapes = try ["scalar", "vector", "empty"].map { name in
            let file = try Fixture.bytes("\(name).npy")
            return try NPY.parse(file.span).shape
        }
        #expect(shapes == [[], [3], [0, 3]])
    }

    @Test(arguments: [
        ("object", NPYError.unsupportedType(.object)),
        ("structured", .unsupportedType(.structured)), ("text", .unsupportedType(.text)),
        ("boolean", .unsupportedType(.boolean)), ("complex", .unsupportedType(.complex)),
        ("other", .unsupportedType(.other)),
    ])
    func `refuses numpy's other arrays, each with its reason`(name: String, error: NPYError) throws
    {
        #expect(failure(try Fixture.bytes("refused-\(name).npy")) == error)
    }

    @Test func `writes what numpy writes`() throws {
        let values: [Float] = [-1, -0.75, -0.5, -0.25, 0, 0.25]
        #expect(NPY.encode(shape: [2, 3], float32: values) == (try Fixture.bytes("float32.npy")))
        #expect(NPY.encode(shape: [3], float32: [0, 1, 2]) == (try Fixture.bytes("vector.npy")))
        #expect(NPY.encode(shape: [], float32: [0.5]).count == 132)
    }

    @Test(arguments: [[], [1], [5], [0, 3], [2, 1, 3, 2], [Int](repeating: 1, count: 64)])
    func `reads what it writes`(shape: [Int]) throws {
        let values = (0..<shape.reduce(1, *)).map { Float($0) - 0.5 }
        let file = NPY.encode(shape: shape, float32: values)
        let view = try NPY.parse(file.span)
        #expect(view.shape == shape && view.byteRange.lowerBound % 64 == 0)
        #expect(try Elements.float32(view, of: file.span) == values)
    }

    @Test func `refuses a file cut at any byte, and any byte too many`() throws {
        for name in ["float32", "version2", "uint8"] {
            let file = try Fixture.bytes("\(name).npy")
            for count in 0..<file.count {
                #expect(failure(Array(file.prefix(count))) != nil, "\(name) at \(count)")
            }
            let needed = try NPY.parse(file.span).byteRange.count
            #expect(
                failure(file + [0]) == .wrongDataLength(expected: needed, actual: needed + 1))
        }
    }

    @Test func `never traps on a flipped bit`() throws {
        let file = try Fixture.bytes("float32.npy")
        for bit in 0..<8 * file.count {
            var flipped = file
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            if let view = try? NPY.parse(flipped.span) {
                #expect(view.byteRange.upperBound == flipped.count)
            }
        }
    }

    @Test func `refuses other magic, versions and header lengths`() {
        let good = header(shape: "(1,)")
        #expect(failure([]) == .notNPY)
        #expect(failure(Array("PK".utf8) + [3, 4, 0, 0, 0, 0]) == .notNPY)
        for version in [(0, 0), (1, 1), (4, 0), (255, 255)] as [(UInt8, UInt8)] {
            #expect(failure(npy(good, data: 4, version: version)) == .unsupportedVersion)
        }
        #expect(failure(npy(good, data: 4)) == nil)
        #expect(failure(npy(good, data: 4, length: 9999)) == .truncated)
        #expect(failure(npy(good, data: 4, length: 10_001)) == .headerTooLong)
        #expect(failure(npy(good, data: 4, version: (3, 0), length: 0xFFFF_FFFF)) == .headerTooLong)
        let padded = good.dropLast() + String(repeating: " ", count: 10_000 - good.count) + "\n"
        #expect(failure(npy(String(padded), data: 4)) == nil)
        #expect(failure(npy(" " + padded, data: 4)) == .headerTooLong)
        #expect(failure(npy(good, data: 4, length: 0)) == .malformedHeader(.notDictionary))
    }

    /// The literal is scanned as numpy writes it, never evaluated.
    @Test(
        arguments: [
            ("{'descr':'<f4','fortran_order':False,'shape':(1,)}", nil),
            ("{\"shape\": (1, ), \"descr\": \"<f4\", \"fortran_order\": False}", nil),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1)}  \n", nil),
            ("", .malformedHeader(.notDictionary)), ("[]", .malformedHeader(.notDictionary)),
            ("__import__('os').system('true')", .malformedHeader(.notDictionary)),
            ("{}", .malformedHeader(.keys)), ("{,}", .malformedHeader(.notDictionary)),
            ("{'descr': '<f4', 'fortran_order': False}", .malformedHeader(.keys)),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}",
                .malformedHeader(.keys)
            ),
            (
                "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
                .malformedHeader(.keys)
            ),
            (
                "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}",
                .malformedHeader(.notDictionary)
            ),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)",
                .malformedHeader(.notDictionary)
            ),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}}",
                .malformedHeader(.notDictionary)
            ),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} + x",
                .malformedHeader(.notDictionary)
            ),
            (
                "{'descr': '<f4\\x00', 'fortran_order': False, 'shape': (1,)}",
                .malformedHeader(.descr)
            ),
            ("{'descr': 4, 'fortran_order': False, 'shape': (1,)}", .malformedHeader(.descr)),
            (
                "{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}",
                .unsupportedType(.other)
            ),
            (
                "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
                .malformedHeader(.fortranOrder)
            ),
            (
                "{'descr': '<f4', 'fortran_order': 'False', 'shape': (1,)}",
                .malformedHeader(.fortranOrder)
            ),
            (
                "{'descr': ('<f4', (2,)), 'fortran_order': False, 'shape': (1,)}",
                .unsupportedType(.structured)
            ),
        ] as [(String, NPYError?)])
    func `takes a plain literal of three keys only`(header: String, error: NPYError?) {
        #expect(failure(npy(header, data: 4)) == error)
    }

    @Test(arguments: [
        "(1)", "(-1,)", "(1.0,)", "(1e0,)", "(0x1,)", "(01,)", "(1_0,)", "(1L,)", "(1 1,)", "(,)",
        "(1,,)", "[1]", "1", "(1,", "((1,),)", "('1',)", "(+1,)", "(True,)",
        "(99999999999999999999,)", String(repeating: "(", count: 5000),
    ])
    func `refuses a shape that is not a tuple of sizes`(shape: String) {
        #expect(failure(npy(header(shape: shape), data: 4)) == .malformedHeader(.shape))
    }

    @Test(arguments: [
        // 24 bytes modulo 2^64.
        ("(5, 3689348814741910328)", NPYError.tooLarge),
        ("(9223372036854775807,)", .tooLarge), ("(4294967296, 4294967296)", .tooLarge),
        ("(2305843009213693952,)", .tooLarge),
        ("(0, 9223372036854775807)", .tooLarge), ("(9223372036854775807, 0)", .tooLarge),
        (
            "(2305843009213693951,)",
            .wrongDataLength(expected: 9_223_372_036_854_775_804, actual: 24)
        ),
        ("(7,)", .wrongDataLength(expected: 28, actual: 24)),
        ("(0, 7)", .wrongDataLength(expected: 0, actual: 24)),
        ("(" + String(repeating: "1, ", count: 100) + ")", .rankTooHigh),
        ("(" + String(repeating: "1, ", count: 65) + ")", .rankTooHigh),
    ])
    func `refuses products that wrap, and shapes that are not the data's`(
        shape: String, error: NPYError
    ) {
        #expect(failure(npy(header(shape: shape), data: 24)) == error)
    }

    @Test(arguments: ["'|u1'", "'<u1'", "'>u1'", "'|i1'"])
    func `takes a byte without regard to its order`(descr: String) {
        #expect(failure(npy(header(descr: descr, shape: "(4,)"), data: 4)) == nil)
    }

    @Test(arguments: ["'<f16'", "'<f'", "''", "'f4'", "'=f4'", "'|f4'", "'|u2'", "'float32'"])
    func `refuses other spellings of dtypes`(descr: String) throws {
        let error = try #require(failure(npy(header(descr: descr, shape: "(1,)"), data: 4)))
        #expect(error.isUnsupportedType)
    }
}
