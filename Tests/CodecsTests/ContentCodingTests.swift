import Codecs
import Foundation
import TestSupport
import Testing

struct ContentCodingTests {
    private func decode(
        _ body: [UInt8], _ coding: ContentCoding, bytesMax: Int = 1 << 20
    ) throws(ContentCodingError) -> [UInt8] {
        let count = try coding.decodedByteCount(of: body.span, bytesMax: bytesMax)
        return try coding.decode(body.span, byteCount: count)
    }

    private func failure(
        _ body: [UInt8], _ coding: ContentCoding, bytesMax: Int = 1 << 20
    ) -> ContentCodingError? {
        do throws(ContentCodingError) {
            _ = try decode(body, coding, bytesMax: bytesMax)
            return nil
        } catch {
            return error
        }
    }

    private static let data = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * $0) }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
    func `decodes both codings at any length`(count: Int) throws {
        let data = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31) }
        #expect(try decode(CodedBytes.gzip(data), .gzip) == data)
        #expect(try decode(CodedBytes.deflate(data), .deflate) == data)
    }

    /// Python's zlib.compress of "0 squared is 0\n" … "199 squared is 39601\n": codes of its own.
    @Test func `decodes dynamic Huffman codes`() throws {
        let text = (0..<200).map { "\($0) squared is \($0 * $0)\n" }.joined()
        let body = try #require(Data(base64Encoded: Self.squares))
        #expect(try decode([UInt8](body), .deflate) == Array(text.utf8))
    }

    @Test func `takes the optional fields of a gzip header`() throws {
        // FEXTRA, FNAME, FCOMMENT, FTEXT (RFC 1952 §2.3.1).
        let fields: [UInt8] = [2, 0, 9, 9] + Array("name".utf8) + [0] + Array("comment".utf8) + [0]
        let body = CodedBytes.gzip(Self.data, flags: 0b11101, fields: fields)
        #expect(try decode(body, .gzip) == Self.data)
    }

    @Test(arguments: ContentCoding.allCases)
    func `refuses a body cut anywhere`(coding: ContentCoding) {
        let body =
            coding == .gzip ? CodedBytes.gzip(Self.data) : CodedBytes.deflate(Self.data)
        for count in 0..<body.count {
            #expect(failure(Array(body.prefix(count)), coding) == .truncated, "at \(count)")
        }
    }

    @Test(arguments: ContentCoding.allCases)
    func `never takes a flipped bit for other data`(coding: ContentCoding) {
        let body =
            coding == .gzip ? CodedBytes.gzip(Self.data) : CodedBytes.deflate(Self.data)
        for bit in 0..<8 * body.count {
            var flipped = body
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            // The padding of a stored block and some fields of a gzip header mean nothing.
            if let data = try? decode(flipped, coding) { #expect(data == Self.data, "bit \(bit)") }
        }
    }

    @Test func `refuses what is not of its coding`() {
        let (gzip, deflate) = (CodedBytes.gzip(Self.data), CodedBytes.deflate(Self.data))
        #expect(failure(deflate, .gzip) == .damaged)
        #expect(failure(gzip, .deflate) == .damaged)
        // Deflate data without a wrapper, as some clients send it.
        #expect(failure(deflate.dropFirst(2).dropLast(4), .deflate) == .damaged)
        #expect(failure(Array("hello, world".utf8), .gzip) == .damaged)
        // FDICT: a dictionary that nobody has.
        #expect(failure([0x78, 0x20] + deflate.dropFirst(2), .deflate) == .damaged)
    }

    @Test func `refuses bytes behind the end`() {
        let (gzip, deflate) = (CodedBytes.gzip(Self.data), CodedBytes.deflate(Self.data))
        #expect(failure(gzip + [0], .gzip) == .trailingBytes)
        #expect(failure(deflate + [0], .deflate) == .trailingBytes)
        #expect(failure(gzip + gzip, .gzip) == .trailingBytes)
        #expect(failure(deflate + deflate, .deflate) == .trailingBytes)
    }

    @Test(arguments: [999, 1000, 1001])
    func `holds the decoded length to the limit`(bytesMax: Int) {
        let expected: ContentCodingError? = bytesMax < 1000 ? .tooLarge(bytesMax: bytesMax) : nil
        #expect(failure(CodedBytes.gzip(Self.data), .gzip, bytesMax: bytesMax) == expected)
        #expect(failure(CodedBytes.deflate(Self.data), .deflate, bytesMax: bytesMax) == expected)
    }

    /// 256 MiB of zeros in 1.7 MB: inflating ends at the limit, in slices of 64 KiB.
    @Test func `ends inflating a bomb at the limit`() {
        let bomb = CodedBytes.deflate(zeros: 1 << 28)
        var asked = 0
        #expect(throws: ContentCodingError.tooLarge(bytesMax: 1 << 20)) {
            try ContentCoding.deflate.decodedByteCount(of: bomb.span, bytesMax: 1 << 20) {
                asked += 1
                return false
            }
        }
        #expect(asked == 17)
    }

    @Test func `stops when nobody waits any more`() {
        let body = CodedBytes.gzip(Self.data)
        #expect(throws: ContentCodingError.cancelled) {
            try ContentCoding.gzip.decodedByteCount(of: body.span, bytesMax: 1000) { true }
        }
        #expect(throws: ContentCodingError.cancelled) {
            try ContentCoding.gzip.decode(body.span, byteCount: 1000) { true }
        }
    }

    @Test func `refuses to decode to another count than was asked for`() {
        let body = CodedBytes.gzip(Self.data)
        for count in [0, 999, 1001] {
            #expect(throws: ContentCodingError.damaged) {
                try ContentCoding.gzip.decode(body.span, byteCount: count)
            }
        }
    }

    private static let squares =
        "eNpdlztyZDkMBH2eQkcgAH6PMxEzxpq7ir3/FCinE+ZrMcgCWUCW+tf3v///+u/P769/vr96s89Pa/75OVp8"
        + "ft42sHi1+fnts63P71htY7fbzuf3Gu1+fh9r1nFAlzzqc62BRBujWVDWbUahdzWjVGm1RfFaA7l+tA8Eh+us"
        + "yxJ1Y9A8pNmheQyt4bWe0Ryap9/m0Dz3ag7NS5odmleugead+0DzzrN4zdIT0HylOaD5qq7gPXcVH7zorhsK"
        + "3rTpGmPyyaQ7Fn/SgwSEW+jV4pSX1YmQblPvP+iRJfGDJlly0qD6LbMNqj/y4yg+kWUHjdKlftApJuMPWsW7"
        + "9oJ6j64Tod5HtzY7XSf1E+p95Sqo9629ZtCcOnFCvd9sSKiPVD/ZlLrpNnextfai00P3NWn1oVtdne6X+gX1"
        + "sfVCC+rj6B0X1MfVa6/BvpEnFtSPdM6C+hHy1+JUGXLhgvqx5NUF9WPL0ZudmrbfUD+7emND/ZRP2mazhrps"
        + "s1u1f9tQP7Nf92JP5yqonzf34ljseeJl60vX6RyeUn+gfk3VeJwTQjdxoH4d3deB+t11q2dykEj9gfqtV2uH"
        + "42bqHQ/nzdZrH6jfV564naNe6i/UH5e/rnNSJSKg/ix59UL9OXL0nRxoUn+hXhq0CuqvPNfu4dxTp12ov6cn"
        + "lyqYEk3dyoR8K8vYHNrRehmcSyfrT2WaSqF1Dk/LSrSeP3rkSg5QjcvckyPU1srTOUTtJGkLav0HtoW2kbwt"
        + "wPWZyC3M9Z3ULdj1m+AleS0eewlfi5H4tYqEJDARbHETwqSwDVuZC3rBR1ZEFpsclStLhDjqOCORbUq+fmRF"
        + "M9TBRi7b63Qjmm2et5IVrZ89WdGKdzorWk9nFNTlxDKS2varvcB6j7ylguv97rMAe9+8+YLs896oQFu8zJWs"
        + "6Lx3L+C+/YWyW9iaXirwvkkQK/i+z58EuFornUyEe3+eJ8S97+yOgvGfPqogj+y4gnJ7vVlgniXpR+LcX78X"
        + "oD+iW0G6vxlSoB6WexasR84kK2CPnTqJdoWJrIhw9xFZO/HuI2emEfBCft4nEe8zZ7CtElHeGxHzPnOmG0Hv"
        + "wpT2JOp9JSOMsHc5UTqJe98/qZwV7Zn+JPJ9J8OM0HeZNk9nRSeZaAS/gn1WRPT7TcYa4e93Zm8S/5pq2cUM"
        + "AEpa2e+7xK83GRgCot+3cpdU9vZkCFOFeTpjmGdGMYYBJbisiHEgPDOPMRBEWN4SI0HEeP/rsKI4efOMBfEy"
        + "mTEYaHjnazIaxMiMZwwHMSMdwngQMzOj3RItH48YERRK058MCaJEOpkxQTE0Pc+goNmd3cGoEOf1EcOCJnJ2"
        + "HONCnMzcxsAgHGUXMzIoKKnf/wLdwV7l"
}
