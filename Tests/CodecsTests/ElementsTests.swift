import Codecs
import Testing

@Suite struct ElementsTests {
    private func bytes<Value: FixedWidthInteger>(_ values: [Value]) -> [UInt8] {
        values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    }

    private func view(
        _ type: ElementType, _ count: Int, at offset: Int = 0
    ) throws -> TensorView {
        try #require(
            TensorView(
                elementType: type, shape: [count],
                byteRange: offset..<offset + count * type.byteCount))
    }

    /// From the definition of IEEE 754 binary16, with no shared code: sign, exponent, fraction.
    private func value(float16 pattern: UInt16) -> Double {
        let fraction = Double(pattern & 0x3FF)
        let magnitude =
            switch Int(pattern >> 10 & 0x1F) {
            case 0: fraction * 0x1p-24
            case 31: fraction == 0 ? Double.infinity : .nan
            case let exponent:
                (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
            }
        return pattern >> 15 == 1 ? -magnitude : magnitude
    }

    @Test func `converts every float16 exactly`() throws {
        let finite = (UInt16.min...UInt16.max).filter { $0 >> 10 & 0x1F != 31 }
        let stored = bytes(finite)
        let floats = try Elements.float32(view(.float16, finite.count), of: stored.span)
        let doubles = try Elements.float64(view(.float16, finite.count), of: stored.span)
        for (index, pattern) in finite.enumerated() {
            let expected = value(float16: pattern)
            #expect(doubles[index].bitPattern == expected.bitPattern)
            #expect(floats[index].bitPattern == Float(expected).bitPattern)
            #expect(floats[index].bitPattern == Float(Float16(bitPattern: pattern)).bitPattern)
        }
    }

    @Test func `converts every bfloat16 exactly`() throws {
        let finite = (UInt16.min...UInt16.max).filter { $0 >> 7 & 0xFF != 255 }
        let stored = bytes(finite)
        let floats = try Elements.float32(view(.bfloat16, finite.count), of: stored.span)
        for (index, pattern) in finite.enumerated() {
            #expect(floats[index].bitPattern == UInt32(pattern) << 16)
        }
    }

    @Test func `refuses every half that is not finite`() throws {
        for type in [ElementType.float16, .bfloat16] {
            let exponent: UInt16 = type == .float16 ? 0x7C00 : 0x7F80
            for pattern in UInt16.min...UInt16.max where pattern & exponent == exponent {
                let stored = bytes([pattern])
                #expect(throws: ElementError.notFinite(index: 0)) {
                    try Elements.float32(view(type, 1), of: stored.span)
                }
            }
        }
    }

    @Test(arguments: 0..<8)
    func `reads at every alignment`(offset: Int) throws {
        let padding = [UInt8](repeating: 0xFF, count: offset)
        let floats =
            padding
            + bytes([Float(1.5), -0.0, 0x1p-149, .greatestFiniteMagnitude].map(\.bitPattern))
        #expect(
            try Elements.float32(view(.float32, 4, at: offset), of: floats.span).map(\.bitPattern)
                == [Float(1.5), -0.0, 0x1p-149, .greatestFiniteMagnitude].map(\.bitPattern))
        let doubles = padding + bytes([0.1, -0x1p-1074, 2].map(\.bitPattern))
        let doubleView = try view(.float64, 3, at: offset)
        #expect(try Elements.float64(doubleView, of: doubles.span) == [0.1, -0x1p-1074, 2])
        #expect(try Elements.float32(doubleView, of: doubles.span) == [0.1, 0, 2])
        let halves = padding + bytes([0x3C00, 0x8001] as [UInt16])
        #expect(
            try Elements.float32(view(.float16, 2, at: offset), of: halves.span) == [1, -0x1p-24])
        #expect(
            try Elements.float64(view(.uint8, 3, at: offset), of: (padding + [0, 7, 255]).span)
                == [0, 7, 255])
    }

    @Test func `reports the first element that is not finite`() throws {
        for bad in [Float.nan, .infinity, -.infinity, .signalingNaN] {
            for index in [0, 1, 40, 99] {
                var floats = [Float](repeating: 1, count: 100)
                floats[index] = bad
                floats[99] = bad
                let stored = bytes(floats.map(\.bitPattern))
                let doubles = bytes(floats.map { Double($0).bitPattern })
                let error = ElementError.notFinite(index: index)
                #expect(throws: error) {
                    try Elements.float32(view(.float32, 100), of: stored.span)
                }
                #expect(throws: error) {
                    try Elements.float64(view(.float32, 100), of: stored.span)
                }
                #expect(throws: error) {
                    try Elements.float32(view(.float64, 100), of: doubles.span)
                }
                #expect(throws: error) {
                    try Elements.float64(view(.float64, 100), of: doubles.span)
                }
            }
        }
    }

    @Test func `refuses float64 beyond float32, and rounds what is within`() throws {
        let largest = Double(Float.greatestFiniteMagnitude)
        // Half a unit in the last place above the largest float32 rounds to infinity.
        let limit = largest + largest.ulp * 0x1p28
        let within = bytes([largest, limit.nextDown, 1e-60, 1 / 3.0].map(\.bitPattern))
        #expect(
            try Elements.float32(view(.float64, 4), of: within.span)
                == [.greatestFiniteMagnitude, .greatestFiniteMagnitude, 0, 1 / 3])
        for value in [limit, -limit, 1e300] {
            let stored = bytes([0, value].map(\.bitPattern))
            #expect(throws: ElementError.beyondFloat32(index: 1)) {
                try Elements.float32(view(.float64, 2), of: stored.span)
            }
            #expect(try Elements.float64(view(.float64, 2), of: stored.span) == [0, value])
        }
    }

    @Test func `makes no view of a range that is not the shape's`() {
        #expect(TensorView(elementType: .float32, shape: [2, 3], byteRange: 8..<32) != nil)
        #expect(TensorView(elementType: .float32, shape: [2, 3], byteRange: 8..<31) == nil)
        #expect(TensorView(elementType: .float32, shape: [-2, -3], byteRange: 0..<24) == nil)
        #expect(TensorView(elementType: .float32, shape: [], byteRange: 0..<4) != nil)
        #expect(TensorView(elementType: .uint8, shape: [0], byteRange: 5..<5) != nil)
        #expect(TensorView(elementType: .uint8, shape: [0, .max], byteRange: 5..<5) != nil)
        #expect(TensorView(elementType: .float16, shape: [0, .max], byteRange: 5..<5) == nil)
    }
}
