import Codecs
import Testing

/// A `.safetensors` file from a header text and data, right or wrong.
func safetensors(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
    safetensors(Array(header.utf8), data: data, length: length)
}

func safetensors(_ header: [UInt8], data: Int = 0, length: UInt64? = nil) -> [UInt8] {
    let length = length ?? UInt64(header.count)
    return (0..<8).map { UInt8(length >> (8 * $0) & 0xFF) } + header
        + [UInt8](repeating: 0, count: data)
}

@Suite struct SafetensorsTests {
    private func failure(
        _ file: [UInt8], headerBytesMax: Int = SafetensorsFile.requestHeaderBytesMax
    ) -> SafetensorsError? {
        do throws(SafetensorsError) {
            _ = try SafetensorsFile.parse(file.span, headerBytesMax: headerBytesMax)
            return nil
        } catch {
            return error
        }
    }

    private func tensor(
        _ name: String, _ begin: Int, _ end: Int, dtype: String = "F32", shape: String? = nil
    ) -> String {
        let shape = shape ?? "[\(max(0, (end - begin) / 4))]"
        return "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),"
            + "\"data_offsets\":[\(begin),\(end)]}"
    }

    @Test func `reads what the reference writes`() throws {
        let bytes = try Fixture.bytes("types.safetensors")
        let file = try SafetensorsFile.parse(bytes.span)
        #expect(file.tensors.map(\.name) == ["double", "single", "brain", "half", "byte"])
        #expect(file.metadata == ["preprocessing": "caffe"])
        for (name, view) in file.tensors {
            #expect(view.shape == [2, 2])
            let expected: [Float] = name == "byte" ? [1, 2, 3, 255] : [1, -2, 0.5, 0]
            #expect(try Elements.float32(view, of: bytes.span) == expected)
        }
        #expect(file["half"]?.elementType == .float16 && file["brain"]?.elementType == .bfloat16)
        #expect(file["absent"] == nil)
    }

    @Test func `writes what the reference writes`() throws {
        let file = SafetensorsFile.encode(
            [("a.weight", [3], [0, 1, 2]), ("b", [1, 2], [7, 7]), ("scalar", [], [0.25])],
            metadata: ["say": "quote \" backslash \\ é"])
        #expect(file == (try Fixture.bytes("singles.safetensors")))
    }

    @Test func `reads what it writes, names and metadata of any text`() throws {
        let odd: UTF8Text = "\0\u{8}\t\n\u{1F}\"\\/\u{7F}é😀\u{2028}"
        let bytes = SafetensorsFile.encode(
            [(odd.string, [2, 0], []), ("x", [2, 2], [1, 2, 3, 4])],
            metadata: ["b": odd.string, odd.string: "1", "a": ""])
        let file = try SafetensorsFile.parse(bytes.span)
        #expect(file.tensors.map(\.name) == [odd, "x"])
        #expect(file.metadata == ["b": odd, odd: "1", "a": ""])
        let view = try #require(file["x"])
        #expect(view.byteRange.lowerBound % 8 == 0)
        #expect(try Elements.float32(view, of: bytes.span) == [1, 2, 3, 4])
        let none: [(name: String, shape: [Int], values: [Float])] = []
        #expect(SafetensorsFile.encode(none, metadata: [:]) == safetensors("{}      "))
    }

    @Test func `fills tensors in place`() throws {
        let bytes = SafetensorsFile.encode([("a", [3]), ("b", [2])], metadata: [:]) {
            index, elements in
            for position in elements.indices { elements[position] = Float(10 * index + position) }
        }
        let file = try SafetensorsFile.parse(bytes.span)
        #expect(
            try file.tensors.map { try Elements.float32($0.view, of: bytes.span) }
                == [[0, 1, 2], [10, 11]])
    }

    @Test func `sorts tensors by their bytes`() throws {
        let header = "{\(tensor("b", 4, 12)),\(tensor("none", 4, 4)),\(tensor("a", 0, 4))}"
        let bytes = safetensors(header, data: 12)
        let file = try SafetensorsFile.parse(bytes.span)
        #expect(file.tensors.map(\.name) == ["a", "none", "b"])
        #expect(file["b"]?.byteRange == bytes.count - 8..<bytes.count)
    }

    @Test(arguments: [
        "{}", "{}   ", "{ }\n", "{\"__metadata__\":{}}", "{ \"__metadata__\" : { \"a\" : \"b\" } }",
        "{\"a\":{\"shape\":[],\"data_offsets\":[ 0 , 0 ],\"dtype\":\"F32\"}}",
    ])
    func `takes whitespace and any order of keys`(header: String) {
        let isScalar = header.contains("dtype")
        #expect(failure(safetensors(header)) == (isScalar ? .sizeMismatch(tensor: "a") : nil))
    }

    @Test func `refuses a file cut at any byte, and any byte too many`() throws {
        let file = try Fixture.bytes("types.safetensors")
        for count in 0..<file.count {
            #expect(failure(Array(file.prefix(count))) == .truncated, "at \(count)")
        }
        #expect(failure(file + [0]) == .trailingBytes(count: 1))
    }

    @Test func `never traps on a flipped bit`() throws {
        let file = try Fixture.bytes("types.safetensors")
        for bit in 0..<8 * file.count {
            var flipped = file
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let parsed = try? SafetensorsFile.parse(flipped.span) else { continue }
            for (_, view) in parsed.tensors { #expect(view.byteRange.upperBound <= file.count) }
        }
    }

    @Test(
        arguments: [
            (0, SafetensorsError.malformedHeader(.notObject)), (1, .malformedHeader(.notObject)),
            (3, .truncated), (1 << 20, .truncated), (1 << 20 + 1, .headerTooLong(limit: 1 << 20)),
            (101_000_000, .headerTooLong(limit: 1 << 20)),
            (1 << 63, .headerTooLong(limit: 1 << 20)),
            (.max - 7, .headerTooLong(limit: 1 << 20)), (.max, .headerTooLong(limit: 1 << 20)),
        ] as [(UInt64, SafetensorsError)])
    func `takes nothing for a wrong header length`(length: UInt64, error: SafetensorsError) {
        #expect(failure(safetensors("{}", length: length)) == error)
    }

    @Test func `takes longer headers where the caller allows them`() {
        let header = "{}" + String(repeating: " ", count: 1 << 20)
        #expect(failure(safetensors(header)) == .headerTooLong(limit: 1 << 20))
        #expect(
            failure(
                safetensors(header), headerBytesMax: SafetensorsFile.formatHeaderBytesMax) == nil)
    }

    @Test func `refuses offsets that overlap, leave a hole or do not fit`() {
        func check(_ tensors: String..., data: Int = 12, error: SafetensorsError) {
            let header = "{\(tensors.joined(separator: ","))}"
            #expect(failure(safetensors(header, data: data)) == error, "\(header)")
        }
        check(tensor("a", 0, 8), tensor("b", 4, 12), error: .offsetsNotContiguous(tensor: "b"))
        check(tensor("a", 0, 4), tensor("b", 8, 12), error: .offsetsNotContiguous(tensor: "b"))
        check(tensor("a", 4, 12), error: .offsetsNotContiguous(tensor: "a"))
        check(tensor("a", 0, 12), tensor("b", 0, 12), error: .offsetsNotContiguous(tensor: "b"))
        check(tensor("a", 0, 4), tensor("b", 4, 0), error: .offsetsNotContiguous(tensor: "b"))
        check(tensor("a", 0, 8), error: .trailingBytes(count: 4))
        check(error: .trailingBytes(count: 12))
        check(tensor("a", 0, 16), error: .truncated)
        check(tensor("a", 0, 12, shape: "[2]"), error: .sizeMismatch(tensor: "a"))
        check(tensor("a", 0, 12, dtype: "F64"), error: .sizeMismatch(tensor: "a"))
        check(
            tensor("a", 0, 12, shape: "[5,3689348814741910328]"),
            error: .sizeMismatch(tensor: "a"))
        check(
            tensor("a", 0, 0, shape: "[0,9223372036854775807]"), data: 0,
            error: .sizeMismatch(tensor: "a"))
        check(tensor("a", 0, .max, shape: "[1]"), error: .truncated)
    }

    @Test(arguments: [
        "BOOL", "C64", "F8_E4M3", "F4", "I4", "i64", "U128", "f32", "", "F32 ",
        "X\\u0000\\u001b[31m",
    ])
    func `refuses other dtypes by name`(dtype: String) throws {
        let error = try #require(
            failure(safetensors("{\(tensor("count", 0, 4, dtype: dtype))}", data: 4)))
        #expect(error.isUnsupportedType)
        #expect("\(error)".contains("'count'"))
        #expect("\(error)".unicodeScalars.allSatisfy { (" "..."~").contains($0) })
    }

    @Test func `reads integers that fit a byte`() throws {
        let file = try Fixture.bytes("int64.safetensors")
        let view = try #require(try SafetensorsFile.parse(file.span)["count"])
        #expect(view.elementType == .int64)
        #expect(try Elements.uint8(view, of: file.span) == [1])
    }

    @Test func `refuses names and keys that come twice`() {
        let twice = "{\(tensor("a", 0, 4)),\(tensor("a", 4, 8))}"
        #expect(failure(safetensors(twice, data: 8)) == .duplicateName("a"))
        let escaped = "{\(tensor("a", 0, 4)),\(tensor("\\u0061", 4, 8))}"
        #expect(failure(safetensors(escaped, data: 8)) == .duplicateName("a"))
        #expect(
            failure(safetensors("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}"))
                == .duplicateName("k"))
        #expect(
            failure(safetensors("{\"__metadata__\":{},\"__metadata__\":{}}"))
                == .duplicateName("__metadata__"))
        let keyTwice =
            "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[],"
            + "\"data_offsets\":[0,4]}}"
        #expect(failure(safetensors(keyTwice, data: 4)) == .malformedHeader(.tensorKeys))
    }

    @Test(
        arguments: [
            ("", .notObject), (" {}", .notObject), ("[]", .notObject), ("{", .notObject),
            ("{}x", .notObject), ("{}{}", .notObject), ("{}\0", .notObject),
            ("{\"a\"}", .notObject),
            ("{\"a\":1}", .notObject), ("{\"a\":null}", .notObject), ("{'a':{}}", .notObject),
            ("{,}", .notObject), ("{\"__metadata__\":{},}", .notObject), ("{/**/}", .notObject),
            ("\u{FEFF}{}", .notObject), ("{\"\u{1}\":{}}", .notObject), ("{\"a", .notObject),
            ("{\"\\x\":{}}", .notObject), ("{\"\\u12\":{}}", .notObject),
            ("{\"\\u12G4\":{}}", .notObject), ("{\"\\uD800\":{}}", .notObject),
            ("{\"\\uDC00\":{}}", .notObject), ("{\"\\uD800\\u0041\":{}}", .notObject),
            ("{\"\\u+123\":{}}", .notObject), ("{\"\\", .notObject),
            ("{\"__metadata__\":null}", .notObject), ("{\"__metadata__\":[]}", .notObject),
            ("{\"__metadata__\":{\"a\":1}}", .metadata),
            ("{\"__metadata__\":{\"a\":{}}}", .metadata),
            ("{\"__metadata__\":{\"a\":null}}", .metadata),
            ("{\"a\":{}}", .tensorKeys), ("{\"a\":{\"dtype\":\"F32\"}}", .tensorKeys),
            ("{\"a\":{\"dtype\":1}}", .tensorKeys), ("{\"a\":{\"extra\":1}}", .tensorKeys),
        ] as [(String, SafetensorsError.HeaderFault)])
    func `takes JSON of exactly one form`(header: String, fault: SafetensorsError.HeaderFault) {
        #expect(failure(safetensors(header)) == .malformedHeader(fault))
    }

    @Test(
        arguments: [
            ("", "{\"a\":", .tensorKeys), ("{\"a\":{\"shape\":", "[", .shape),
        ] as [(String, String, SafetensorsError.HeaderFault)])
    func `a hundred thousand levels do not exhaust the stack`(
        start: String, level: String, fault: SafetensorsError.HeaderFault
    ) {
        let header = start + String(repeating: level, count: 100_000)
        #expect(failure(safetensors(header)) == .malformedHeader(fault))
    }

    @Test(arguments: [
        "-1", "1.0", "1e0", "01", "\"1\"", "null", "true", "99999999999999999999", "", "[1]", "1 1",
        "1,", "NaN", "+1",
    ])
    func `takes only plain sizes`(number: String) {
        let badShape = "{\"a\":{\"dtype\":\"F32\",\"shape\":[\(number)],\"data_offsets\":[0,4]}}"
        let badOffset = "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,\(number)]}}"
        if !number.isEmpty {  // [] is the shape of a scalar
            #expect(failure(safetensors(badShape, data: 4)) == .malformedHeader(.shape))
        }
        #expect(failure(safetensors(badOffset, data: 4)) == .malformedHeader(.offsets))
    }

    @Test(arguments: ["[]", "[0]", "[0,4,8]", "4", "null", "{}"])
    func `takes exactly two offsets`(offsets: String) {
        let header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":\(offsets)}}"
        #expect(failure(safetensors(header, data: 4)) == .malformedHeader(.offsets))
    }

    @Test func `bounds the number of dimensions`() {
        let ones = { (count: Int) in
            "[\([String](repeating: "1", count: count).joined(separator: ","))]"
        }
        #expect(failure(safetensors("{\(tensor("a", 0, 4, shape: ones(64)))}", data: 4)) == nil)
        #expect(
            failure(safetensors("{\(tensor("a", 0, 4, shape: ones(65)))}", data: 4))
                == .malformedHeader(.shape))
    }

    @Test func `refuses a header that is not UTF-8`() {
        let header = Array("{\"".utf8) + [0xC3, 0x28] + Array("\":{}}".utf8)
        #expect(failure(safetensors(header)) == .malformedHeader(.notUTF8))
    }
}
