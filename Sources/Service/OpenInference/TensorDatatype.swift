import Codecs

/// Datatypes of the Open Inference Protocol v2, by their names there.
enum TensorDatatype: String, CaseIterable, Sendable {
    case uint8 = "UINT8"
    case uint16 = "UINT16"
    case uint32 = "UINT32"
    case uint64 = "UINT64"
    case int8 = "INT8"
    case int16 = "INT16"
    case int32 = "INT32"
    case int64 = "INT64"
    case fp16 = "FP16"
    case fp32 = "FP32"
    case fp64 = "FP64"
    /// Elements that are sequences of bytes: image files.
    case bytes = "BYTES"

    /// nil for elements that are no numbers.
    var elementType: ElementType? {
        switch self {
        case .uint8: .uint8
        case .uint16: .uint16
        case .uint32: .uint32
        case .uint64: .uint64
        case .int8: .int8
        case .int16: .int16
        case .int32: .int32
        case .int64: .int64
        case .fp16: .float16
        case .fp32: .float32
        case .fp64: .float64
        case .bytes: nil
        }
    }

    /// The datatype of a tensor of ours.
    init?(_ type: ElementType) {
        guard let datatype = Self.allCases.first(where: { $0.elementType == type }) else {
            return nil
        }
        self = datatype
    }
}
