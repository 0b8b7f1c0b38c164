/// Why a `.npy` file was refused, as a sentence for the person who sent it.
public enum NPYError: Error, Equatable, Sendable {
    /// What is wrong with the header's dict literal.
    public enum HeaderFault: Sendable {
        case notDictionary, keys, descr, fortranOrder, shape
    }

    /// The families of dtypes that are not read.
    public enum UnsupportedType: Sendable {
        case object, structured, text, boolean, complex, other
    }

    case notNPY
    case truncated
    case unsupportedVersion
    case headerTooLong
    case malformedHeader(HeaderFault)
    case unsupportedType(UnsupportedType)
    case rankTooHigh
    /// The product of the dimensions leaves the range of a 64-bit integer.
    case tooLarge
    case wrongDataLength(expected: Int, actual: Int)

    /// Whether the file is sound but holds elements that are not read.
    public var isUnsupportedType: Bool {
        if case .unsupportedType = self { true } else { false }
    }
}

extension NPYError: CustomStringConvertible {
    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .notNPY:
            "The data is not an npy file: it does not begin with the magic string of numpy.save."
        case .truncated:
            "The npy file is cut short inside its header; send the whole file."
        case .unsupportedVersion:
            "The npy file is of a version other than 1.0, 2.0 and 3.0; save it with numpy.save."
        case .headerTooLong:
            "The npy header is longer than \(NPY.headerBytesMax) bytes;"
                + " save a plain array with numpy.save."
        case .malformedHeader(let fault):
            "The npy header is malformed: \(fault); save the array with numpy.save."
        case .unsupportedType(let type):
            "\(type)"
        case .rankTooHigh:
            "The npy array has more than \(TensorView.rankMax) dimensions; reshape it."
        case .tooLarge:
            "The npy shape describes more bytes than a file can hold; send a smaller array."
        case .wrongDataLength(let expected, let actual):
            "The npy shape and dtype need \(expected) bytes of data, but \(actual) follow the header;"
                + " send the whole file and nothing after it."
        }
    }
}

extension NPYError.HeaderFault: CustomStringConvertible {
    /// The clause that completes the sentence of `malformedHeader`.
    public var description: String {
        switch self {
        case .notDictionary: "it is not a plain dictionary literal"
        case .keys: "its keys must be 'descr', 'fortran_order' and 'shape', each once"
        case .descr: "'descr' must be a string such as '<f4'"
        case .fortranOrder: "'fortran_order' must be False or True"
        case .shape: "'shape' must be a tuple of non-negative integers"
        }
    }
}

extension NPYError.UnsupportedType: CustomStringConvertible {
    /// Classifies a dtype string that is not read; its first character is the byte order, the
    /// second numpy's kind.
    init(descr: String) {
        let characters = Array(descr.utf8)
        guard characters.count >= 2 else {
            self = .other
            return
        }
        switch Character(Unicode.Scalar(characters[1])) {
        case "O": self = .object
        case "V": self = .structured
        case "S", "U", "a": self = .text
        case "b": self = .boolean
        case "c": self = .complex
        default: self = .other
        }
    }

    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .object:
            "The npy array holds Python objects, which are never unpickled;"
                + " save an array of uint8 or float32."
        case .structured:
            "The npy array has a structured dtype; save one field as uint8 or float32."
        case .text:
            "The npy array holds text; save an array of uint8 or float32."
        case .boolean:
            "The npy array holds booleans; save array.astype('uint8') * 255, or float32."
        case .complex:
            "The npy array holds complex numbers; save real values as float32."
        case .other:
            "The npy dtype is not read; save the array as uint8, float16, float32 or float64."
        }
    }
}
