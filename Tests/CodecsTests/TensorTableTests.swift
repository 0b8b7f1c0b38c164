import Codecs
import Testing

/// A tensor as a file of one of the two formats, and what it holds or why it is refused.
struct TensorCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable, Equatable {
        case values([Double])
        /// Refused by the format's parser.
        case refused
        /// A sound file whose elements are refused.
        case unreadable(ElementError)
    }

    let testDescription: String
    let file: [UInt8]
    let isNPY: Bool
    let outcome: Outcome

    private init(_ name: String, _ file: [UInt8], isNPY: Bool, _ outcome: Outcome) {
        (testDescription, self.file, self.isNPY, self.outcome) = (name, file, isNPY, outcome)
    }

    private static func array(
        _ descr: String, _ shape: String, _ data: [UInt8], order: String = "False",
        _ outcome: Outcome
    ) -> TensorCase {
        let header = "{'descr': '\(descr)', 'fortran_order': \(order), 'shape': \(shape), }\n"
        return TensorCase(
            "npy \(descr) \(shape) \(order == "True" ? "Fortran " : "")\(outcome)",
            npy(header) + data, isNPY: true, outcome)
    }

    private static func tensor(
        _ dtype: String, _ shape: String, _ data: [UInt8], _ outcome: Outcome
    ) -> TensorCase {
        let header =
            "{\"t\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":[0,\(data.count)]}}"
        return TensorCase(
            "safetensors \(dtype) \(shape) \(outcome)", safetensors(header) + data, isNPY: false,
            outcome)
    }

    private static func raw(_ name: String, _ file: [UInt8], isNPY: Bool) -> TensorCase {
        TensorCase(name, file, isNPY: isNPY, .refused)
    }

    private static let one: [UInt8] = [0, 0, 0x80, 0x3F]
    private static let nan: [UInt8] = [0, 0, 0xC0, 0x7F]
    private static let infinity: [UInt8] = [0, 0, 0x80, 0x7F]

    /// Elements of every type that is read, at their edges.
    private static let elements: [TensorCase] = [
        array("|u1", "(3,)", [0, 128, 255], .values([0, 128, 255])),
        array("<u1", "(1,)", [7], .values([7])), array(">u1", "(1,)", [7], .values([7])),
        array("|i1", "(2,)", [0, 127], .values([0, 127])),
        array("|i1", "(2,)", [1, 128], .unreadable(.notByte(index: 1))),
        array("<u2", "(2,)", [255, 0, 1, 0], .values([255, 1])),
        array("<u2", "(2,)", [255, 0, 0, 1], .unreadable(.notByte(index: 1))),
        array(">u2", "(2,)", [0, 255, 0, 1], .values([255, 1])),
        array("<i2", "(1,)", [255, 255], .unreadable(.notByte(index: 0))),
        array("<i4", "(2,)", [9, 0, 0, 0, 255, 0, 0, 0], .values([9, 255])),
        array("<i4", "(1,)", [0, 0, 0, 128], .unreadable(.notByte(index: 0))),
        array(">i4", "(1,)", [0, 0, 0, 128], .values([128])),
        array("<u4", "(1,)", [0, 1, 0, 0], .unreadable(.notByte(index: 0))),
        array("<i8", "(1,)", [200, 0, 0, 0, 0, 0, 0, 0], .values([200])),
        array("<i8", "(1,)", [0, 0, 0, 0, 0, 0, 0, 128], .unreadable(.notByte(index: 0))),
        array("<u8", "(1,)", [255, 0, 0, 0, 0, 0, 0, 0], .values([255])),
        array(">u8", "(1,)", [1, 0, 0, 0, 0, 0, 0, 0], .unreadable(.notByte(index: 0))),
        array(
            "<f2", "(4,)", [0, 0x3C, 1, 0, 0xFF, 0x7B, 0, 0x80], .values([1, 0x1p-24, 65504, -0])),
        array(">f2", "(1,)", [0x3C, 0], .values([1])),
        array("<f2", "(1,)", [0, 0x7C], .unreadable(.notFinite(index: 0))),
        array("<f4", "(1,)", one, .values([1])), array(">f4", "(1,)", one.reversed(), .values([1])),
        array("<f4", "(1,)", [1, 0, 0, 0], .values([0x1p-149])),
        array("<f4", "(2,)", one + nan, .unreadable(.notFinite(index: 1))),
        array("<f4", "(2,)", infinity + nan, .unreadable(.notFinite(index: 0))),
        array("<f8", "(1,)", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F], .values([1])),
        array(">f8", "(1,)", [0x3F, 0xF0, 0, 0, 0, 0, 0, 0], .values([1])),
        array(
            "<f8", "(1,)", [0, 0, 0, 0, 0, 0, 0xF0, 0x47], .unreadable(.beyondFloat32(index: 0))),
        array("<f8", "(1,)", [0, 0, 0, 0, 0, 0, 0xF0, 0xFF], .unreadable(.notFinite(index: 0))),
        tensor("U8", "[2]", [3, 4], .values([3, 4])), tensor("I8", "[1]", [5], .values([5])),
        tensor("U16", "[1]", [6, 0], .values([6])), tensor("I16", "[1]", [7, 0], .values([7])),
        tensor("I32", "[1]", [8, 0, 0, 0], .values([8])),
        tensor("I32", "[1]", [0, 1, 0, 0], .unreadable(.notByte(index: 0))),
        tensor("U32", "[1]", [9, 0, 0, 0], .values([9])),
        tensor("I64", "[1]", [10, 0, 0, 0, 0, 0, 0, 0], .values([10])),
        tensor("U64", "[1]", [11, 0, 0, 0, 0, 0, 0, 0], .values([11])),
        tensor("F16", "[1]", [0, 0x3C], .values([1])),
        tensor("BF16", "[1]", [0x80, 0x3F], .values([1])),
        tensor("BF16", "[1]", [0x80, 0x7F], .unreadable(.notFinite(index: 0))),
        tensor("F32", "[1]", one, .values([1])), tensor("F32", "[]", one, .values([1])),
        tensor("F64", "[1]", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F], .values([1])),
        tensor("F32", "[0,7]", [], .values([])),
    ]

    /// Dimensions in both orders: the element at (i, j, k) is 100i + 10j + k.
    private static let orders: [TensorCase] = [
        array("|u1", "(2, 3)", [0, 1, 2, 10, 11, 12], .values([0, 1, 2, 10, 11, 12])),
        array(
            "|u1", "(2, 3)", [0, 10, 1, 11, 2, 12], order: "True", .values([0, 1, 2, 10, 11, 12])),
        array("|u1", "(3,)", [0, 1, 2], order: "True", .values([0, 1, 2])),
        array("|u1", "()", [9], order: "True", .values([9])),
        array("|u1", "(1, 4)", [0, 1, 2, 3], order: "True", .values([0, 1, 2, 3])),
        array("|u1", "(4, 1)", [0, 10, 20, 30], order: "True", .values([0, 10, 20, 30])),
        array(
            "|u1", "(2, 2, 2)", [0, 100, 10, 110, 1, 101, 11, 111], order: "True",
            .values([0, 1, 10, 11, 100, 101, 110, 111])),
        array(
            "<u2", "(2, 2)", [0, 0, 10, 0, 1, 0, 11, 0], order: "True", .values([0, 1, 10, 11])),
        array(
            "<u2", "(2, 2)", [0, 0, 0, 1, 1, 0, 11, 0], order: "True",
            .unreadable(.notByte(index: 2))),
        array(
            "<f4", "(2, 2)", one + one + nan + one, order: "True", .unreadable(.notFinite(index: 1))
        ),
        array("|u1", "(0, 3)", [], order: "True", .values([])),
        array("|u1", "(3, 0, 2)", [], order: "True", .values([])),
    ]

    /// reliability.md's classes: claims that do not fit, headers that are code, dtypes of other kinds.
    private static let refused: [TensorCase] =
        [
            ("<f4", "(1,)", [UInt8](one.dropLast())), ("<f4", "(1,)", one + [0]),
            ("<f4", "(-1,)", one), ("<f4", "(1.0,)", one), ("<f4", "(1)", one), ("<f4", "[1]", one),
            ("<f4", "(5, 3689348814741910328)", one), ("<f4", "(0, 9223372036854775807)", []),
            ("<f4", "(99999999999999999999,)", one), ("<f4", "(0x1,)", one), ("<f4", "(1L,)", one),
            ("<f4", "(f(),)", one), ("<f4", "((1,),)", one), ("<f4", "(1, 2", one),
            ("<f4", "(\(String(repeating: "1,", count: 65)))", one), ("|O", "(1,)", one),
            ("<U1", "(1,)", one), ("|S4", "(1,)", one), ("|b1", "(1,)", [1]),
            ("<c8", "(1,)", one + one),
            ("<M8[D]", "(1,)", one + one), ("|V4", "(1,)", one), ("<f16", "(1,)", one),
            ("=f4", "(1,)", one),
            ("|f4", "(1,)", one), ("<i3", "(1,)", one), ("f4", "(1,)", one), ("", "(1,)", one),
        ].map { array($0, $1, $2, .refused) }
        + [
            tensor("F32", "[1]", [UInt8](one.dropLast()), .refused),
            tensor("F32", "[2]", one, .refused), tensor("F32", "[-1]", one, .refused),
            tensor("F32", "[1.0]", one, .refused), tensor("BOOL", "[1]", [1], .refused),
            tensor("F8_E4M3", "[1]", [1], .refused), tensor("C64", "[1]", one + one, .refused),
            tensor("f32", "[1]", one, .refused),
            tensor("F32", "[5,3689348814741910328]", one, .refused),
            raw("safetensors of a pickle", [0x80, 4, 0x95] + one + one, isNPY: false),
            raw("npy of a pickle", [0x80, 4, 0x95] + one + one, isNPY: true),
            raw("npy of an npz", Array("PK".utf8) + [3, 4] + one + one, isNPY: true),
        ]

    static let all = elements + orders + refused
}

struct TensorTableTests {
    @Test(arguments: TensorCase.all)
    func `reads sound tensors and refuses the others`(test: TensorCase) {
        #expect(outcome(test) == test.outcome)
    }

    @Test func `has more than sixty cases`() { #expect(TensorCase.all.count > 60) }

    private func outcome(_ test: TensorCase) -> TensorCase.Outcome {
        let view =
            test.isNPY
            ? try? NPY.parse(test.file.span) : try? SafetensorsFile.parse(test.file.span)["t"]
        guard let view else { return .refused }
        do throws(ElementError) {
            let floats = try Elements.float32(view, of: test.file.span).map(Double.init)
            if view.elementType != .float64 {
                #expect(try Elements.float64(view, of: test.file.span) == floats)
            }
            if view.elementType.isInteger {
                #expect(try Elements.uint8(view, of: test.file.span).map(Double.init) == floats)
            }
            return .values(floats)
        } catch {
            return .unreadable(error)
        }
    }
}
