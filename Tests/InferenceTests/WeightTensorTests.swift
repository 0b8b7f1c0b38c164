import Foundation
import Inference
import Testing

/// Values of a weights file, of every type, aligned or not.
struct WeightTensorTests {
    /// Keeps the bytes of a view.
    private final class Bytes: Sendable {
        nonisolated(unsafe) let buffer: UnsafeMutableRawBufferPointer

        init(_ bytes: [UInt8]) {
            buffer = .allocate(byteCount: bytes.count, alignment: 16)
            buffer.copyBytes(from: bytes)
        }

        deinit { buffer.deallocate() }
    }

    // The bytes begin at an odd address.
    private func tensor(
        _ type: WeightTensor.ElementType, _ bytes: [UInt8], shape: [Int]
    ) -> WeightTensor {
        let owner = Bytes([0] + bytes)
        return WeightTensor(
            name: "w", elementType: type, shape: shape,
            bytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(owner.buffer)[1...]),
            owner: owner)
    }

    private func halves(_ patterns: [UInt16], _ type: WeightTensor.ElementType) -> WeightTensor {
        tensor(
            type, patterns.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }, shape: [patterns.count])
    }

    // (−1)^s 2^(e − 15) (1 + m/1024), without the 1 and with e = 1 where e is 0.
    @Test func `every finite half precision number is exact`() {
        let patterns = (0...UInt16.max).filter { $0 & 0x7C00 != 0x7C00 }
        let values = halves(patterns, .float16).floats()
        for (pattern, value) in zip(patterns, values) {
            let exponent = Int(pattern >> 10 & 31), fraction = Double(pattern & 1023) / 1024
            let size =
                exponent == 0
                ? scalbn(fraction, -14) : scalbn(1 + fraction, exponent - 15)
            #expect(
                Double(value.magnitude) == size && (value.sign == .minus) == (pattern >> 15 == 1))
        }
    }

    @Test func `the upper half of single precision is the number with zeros below`() {
        let patterns: [UInt16] = [0, 0x8000, 0x3F80, 0xC049, 0x0001, 0x7F7F, 0xFF7F]
        let values = halves(patterns, .bfloat16).floats()
        #expect(values.map(\.bitPattern) == patterns.map { UInt32($0) << 16 })
    }

    @Test func `single precision is read as it is, from any place on`() {
        let numbers: [Float] = [1, -2.5, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -0.0, 7]
        let bytes = numbers.flatMap { number in
            (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) }
        }
        let tensor = tensor(.float32, bytes, shape: [2, 3])
        #expect(tensor.count == 6 && tensor.byteCount == 24)
        #expect(tensor.floats().map(\.bitPattern) == numbers.map(\.bitPattern))
        var some = [Float](repeating: 0, count: 3)
        some.withUnsafeMutableBufferPointer { tensor.read(from: 2, into: $0) }
        #expect(some == Array(numbers[2..<5]))
    }

    private static let special: [(WeightTensor.ElementType, [UInt16])] = [
        (.float16, [0x7C00, 0xFC00, 0x7C01, 0xFE00]),
        (.bfloat16, [0x7F80, 0xFF80, 0x7F81, 0xFFC0]),
    ]

    @Test(arguments: [0, 3, 6])
    func `infinity and NaN are found wherever they stand`(place: Int) {
        for (type, patterns) in Self.special {
            // The largest of its type, everywhere.
            let large = [UInt16](repeating: patterns[0] - 1, count: 7)
            #expect(halves(large, type).isFinite)
            for pattern in patterns {
                var values = large
                values[place] = pattern
                #expect(!halves(values, type).isFinite, "\(type) \(pattern)")
            }
        }
        for value in [Float.infinity, -.infinity, .nan] {
            var numbers = [Float](repeating: .greatestFiniteMagnitude, count: 7)
            func isFinite() -> Bool {
                tensor(
                    .float32,
                    numbers.flatMap { number in
                        (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) }
                    }, shape: [7]
                ).isFinite
            }
            #expect(isFinite())
            numbers[place] = value
            #expect(!isFinite())
        }
    }
}
