/// Why a `.safetensors` file was refused, as a sentence for the person who sent it; names and dtypes
/// are the sender's words, short and printable.
public enum SafetensorsError: Error, Equatable, Sendable {
    /// What is wrong with the header's JSON.
    public enum HeaderFault: Sendable {
        case notObject, notUTF8, metadata, tensorKeys, shape, offsets
    }

    case truncated
    case headerTooLong(limit: Int)
    case malformedHeader(HeaderFault)
    case duplicateName(String)
    case unsupportedType(tensor: String, dtype: String)
    /// Offsets that run backwards, overlap, leave a hole, or do not begin at 0.
    case offsetsNotContiguous(tensor: String)
    /// The offsets enclose another number of bytes than shape and dtype need.
    case sizeMismatch(tensor: String)
    case trailingBytes(count: Int)

    /// Whether the file is sound but holds elements that are not read.
    public var isUnsupportedType: Bool {
        if case .unsupportedType = self { true } else { false }
    }
}

extension SafetensorsError: CustomStringConvertible {
    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .truncated:
            "The safetensors file is cut short, or its header length is wrong; send the whole file."
        case .headerTooLong(let limit):
            "The safetensors header is longer than \(limit) bytes; send fewer tensors."
        case .malformedHeader(let fault):
            "The safetensors header is malformed: \(fault)."
        case .duplicateName(let name):
            "The safetensors header has '\(name)' twice; give every tensor its own name."
        case .unsupportedType(let tensor, let dtype):
            "The safetensors tensor '\(tensor)' is of dtype '\(dtype)';"
                + " send F16, BF16, F32, F64 or integers, such as U8."
        case .offsetsNotContiguous(let tensor):
            "The data_offsets of safetensors tensor '\(tensor)' do not begin where the"
                + " tensor before it ends; write the file without holes or overlaps."
        case .sizeMismatch(let tensor):
            "The data_offsets of safetensors tensor '\(tensor)' do not fit its shape and"
                + " dtype; write the file again."
        case .trailingBytes(let count):
            "The safetensors file has \(count) bytes that belong to no tensor; remove them."
        }
    }
}

extension SafetensorsError.HeaderFault: CustomStringConvertible {
    /// The clause that completes the sentence of `malformedHeader`.
    public var description: String {
        switch self {
        case .notObject: "it must be one JSON object that begins with '{'"
        case .notUTF8: "it must be UTF-8"
        case .metadata: "'__metadata__' must map strings to strings"
        case .tensorKeys: "a tensor must have 'dtype', 'shape' and 'data_offsets', each once"
        case .shape:
            "'shape' must be an array of at most \(TensorView.rankMax) non-negative integers"
        case .offsets: "'data_offsets' must be an array of two non-negative integers"
        }
    }
}
