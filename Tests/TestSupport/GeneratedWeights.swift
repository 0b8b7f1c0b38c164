import Inference

/// Weights from a seeded generator, the same as `generated_network` in Scripts/fixtures/weights.py.
///
/// SplitMix64 (Steele, Lea & Flood 2014) fills a table of 65537 values in [−1, 1) for each layer: a
/// prime, so that repeating it gives every output channel other weights.
public enum GeneratedWeights {
    private static let tableCount: UInt64 = 65537

    /// The tensors of a network whose values are rounded to `elementType`.
    public static func tensors(
        _ architecture: Architecture, seed: UInt64, elementType: WeightTensor.ElementType
    ) -> [WeightTensor] {
        VGG.convolutions(architecture).enumerated().flatMap { number, shape in
            let table = table(seed: seed + UInt64(number))
            // He et al. 2015, for a uniform distribution.
            let bound = (6 / Double(9 * shape.inChannels)).squareRoot()
            let kernels = table.map { bytes(of: Float($0 * bound), elementType) }
            let biases = table.suffix(shape.outChannels)
                .map { bytes(of: Float($0 * 0.25), elementType) }
            let name = "features.\(shape.featureIndex)"
            return [
                tensor(
                    "\(name).weight", elementType, [shape.outChannels, shape.inChannels, 3, 3],
                    repeating: kernels),
                tensor("\(name).bias", elementType, [shape.outChannels], repeating: biases),
            ]
        }
    }

    /// A tensor of the shape whose values are `values`, over and over.
    public static func tensor(
        _ name: String, _ elementType: WeightTensor.ElementType, _ shape: [Int],
        repeating values: [[UInt8]]
    ) -> WeightTensor {
        let bytes = OwnedBytes(
            repeating: values.flatMap(\.self),
            count: shape.reduce(1, *) * (values.first?.count ?? 0))
        return WeightTensor(
            name: name, elementType: elementType, shape: shape, bytes: bytes.buffer, owner: bytes)
    }

    /// A value rounded to nearest, even on ties, in little-endian bytes.
    public static func bytes(
        of value: Float, _ elementType: WeightTensor.ElementType
    ) -> [UInt8] {
        switch elementType {
        case .float16: return littleEndian(Float16(value).bitPattern)
        case .bfloat16:
            let bits = value.bitPattern
            return littleEndian(UInt16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16))
        case .float32: return littleEndian(value.bitPattern)
        case .other: return []
        }
    }

    private static func littleEndian(_ bits: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: bits.littleEndian) { Array($0) }
    }

    /// 65537 values in [−1, 1); repeated they are the cotangents of Tests/Fixtures/gradients.json too.
    public static func table(seed: UInt64) -> [Double] {
        (1...tableCount).map { step in
            var z = seed &+ step &* 0x9E37_79B9_7F4A_7C15
            z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
            z ^= z >> 31
            return Double(z >> 40) / 0x1p23 - 1
        }
    }
}

/// Bytes at a fixed address for as long as this lives.
private final class OwnedBytes: @unchecked Sendable {
    // Unchecked: nobody writes after init.
    let buffer: UnsafeRawBufferPointer
    private let memory: UnsafeMutableRawBufferPointer

    init(repeating pattern: [UInt8], count: Int) {
        memory = .allocate(byteCount: count, alignment: 64)
        buffer = UnsafeRawBufferPointer(memory)
        for start in stride(from: 0, to: count, by: pattern.count) {
            let part = min(pattern.count, count - start)
            pattern.withUnsafeBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + part])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<part]))
            }
        }
    }

    deinit { memory.deallocate() }
}
