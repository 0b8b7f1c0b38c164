import Codecs
import TestSupport
import Testing

/// Work on two megabytes, of which a client chooses how many there are.
struct LongWork: Sendable, CustomTestStringConvertible {
    let name: String
    let run: @Sendable (@escaping () -> Bool) throws -> Void

    var testDescription: String { name }

    private static let bytes = 2 << 20

    private static func json(_ name: String, _ unit: String) -> LongWork {
        LongWork(name: "JSON: \(name)") { isCancelled in
            let text = "[\"" + String(repeating: unit, count: bytes / unit.utf8.count) + "\"]"
            _ = try JSON.parse(ArraySlice(text.utf8), isCancelled: isCancelled)
        }
    }

    private static func elements(
        _ type: ElementType, shape: [Int], isFortranOrder: Bool = false
    ) -> LongWork {
        let name = "\(type) \(shape)\(isFortranOrder ? " in Fortran order" : "")"
        return LongWork(name: name) { isCancelled in
            let count = shape.reduce(type.byteCount, *)
            let view = try #require(
                TensorView(
                    elementType: type, shape: shape, byteRange: 0..<count,
                    isFortranOrder: isFortranOrder))
            let stored = [UInt8](repeating: 0, count: count)
            _ = try Elements.float32(view, of: stored.span, isCancelled: isCancelled)
        }
    }

    private static func check(_ isCancelled: () -> Bool) throws(Gone) {
        if isCancelled() { throw Gone() }
    }

    /// What is written: values, their text, pictures.
    private static let writing: [LongWork] = [
        LongWork(name: "writing JSON: a long string") { isCancelled in
            let value = JSON.string(String(repeating: "a", count: bytes))
            _ = try value.encode { () throws(Gone) in try check(isCancelled) }
        },
        LongWork(name: "writing base64") { isCancelled in
            _ = try Base64.encode([UInt8](repeating: 1, count: bytes)) { () throws(Gone) in
                try check(isCancelled)
            }
        },
        LongWork(name: "writing npy") { isCancelled in
            let values = [Float](repeating: 1, count: bytes / 4)
            _ = try NPY.encode(shape: [values.count], float32: values) { () throws(Gone) in
                try check(isCancelled)
            }
        },
        LongWork(name: "writing safetensors") { isCancelled in
            let tensor = SafetensorsTensor(
                "x", shape: [bytes / 8], float64: [Double](repeating: 1, count: bytes / 8))
            _ = try SafetensorsFile.encode([tensor], metadata: [:]) { () throws(Gone) in
                try check(isCancelled)
            }
        },
        LongWork(name: "writing PNG") { isCancelled in
            let samples = [UInt8](repeating: 1, count: 3 * bytes / 4)
            _ = try PNG.encode(width: 1024, height: 512, rgb: samples) { () throws(Gone) in
                try check(isCancelled)
            }
        },
    ]

    /// Two mebibytes of one colour are two kilobytes of compressed data: what takes time is behind it.
    private static let palette = LongWork(name: "PNG: a palette") { isCancelled in
        let file =
            PNGBytes.signature + PNGBytes.header(width: 2048, height: 1024, colorType: 3)
            + PNGBytes.chunk("PLTE", [1, 2, 3])
            + PNGBytes.chunk("IDAT", PNGBytes.zlib(zeros: 1024 * 2049))
            + PNGBytes.chunk("IEND", [])
        _ = try PNG.decode(file.span, pixelsMax: 1 << 24, isCancelled: isCancelled)
    }

    static let all: [LongWork] =
        writing + [
            palette, elements(.uint8, shape: [bytes]), elements(.int64, shape: [bytes / 8]),
            json("a plain string", "a"), json("characters of three bytes", "\u{20AC}"),
            json("escapes", "\\n"), json("escaped characters", "\\u20ac"),
            LongWork(name: "JSON: white space") { isCancelled in
                let text = String(repeating: " ", count: bytes) + "0"
                _ = try JSON.parse(ArraySlice(text.utf8), isCancelled: isCancelled)
            },
            LongWork(name: "JSON: white space at the end") { isCancelled in
                let text = "0" + String(repeating: " ", count: bytes)
                _ = try JSON.parse(ArraySlice(text.utf8), isCancelled: isCancelled)
            },
            LongWork(name: "base64") { isCancelled in
                let text = [UInt8](repeating: UInt8(ascii: "A"), count: bytes)
                _ = try Base64.decode(text.span, isCancelled: isCancelled)
            },
            elements(.float32, shape: [bytes / 4]), elements(.float16, shape: [bytes / 2]),
            elements(.float64, shape: [bytes / 8]), elements(.int16, shape: [bytes / 2]),
            elements(.float32, shape: [2, bytes / 8], isFortranOrder: true),
            elements(.float32, shape: [bytes / 8, 2], isFortranOrder: true),
        ]
}

/// Nobody waits any more.
private struct Gone: Error {}

@Suite struct CancellationTests {
    /// How often somebody was asked.
    private final class Asked {
        var count = 0
    }

    private func isCancellation(_ error: any Error) -> Bool {
        switch error {
        case Base64Error.cancelled, ElementError.cancelled, PNGError.cancelled, is Gone: true
        case let error as JSONSyntaxError: error.isCancellation
        default: false
        }
    }

    @Test(arguments: LongWork.all)
    func `asks again and again whether anybody still waits`(_ work: LongWork) throws {
        let asked = Asked()
        try work.run {
            asked.count += 1
            return false
        }
        #expect(asked.count >= 4)
    }

    @Test(arguments: LongWork.all, [1, 3])
    func `ends when nobody waits any more`(_ work: LongWork, at number: Int) {
        let asked = Asked()
        do {
            try work.run {
                asked.count += 1
                return asked.count >= number
            }
            Issue.record("it went on to its end")
        } catch {
            #expect(isCancellation(error), "\(error)")
        }
        #expect(asked.count == number)
    }
}
