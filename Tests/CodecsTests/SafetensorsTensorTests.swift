import Codecs
import Foundation
import Testing

struct SafetensorsTensorTests {
    @Test func `tensors of several types come back as they were`() throws {
        let file = SafetensorsFile.encode(
            [
                SafetensorsTensor("total", shape: [2], float64: [1.5, -1e300]),
                SafetensorsTensor("gradient", shape: [1, 3], float32: [0.25, -2, 3e-30]),
                SafetensorsTensor("json", bytes: Array("{}".utf8)),
            ], metadata: ["answer": "{}"])
        let parsed = try SafetensorsFile.parse(file.span)
        let total = try #require(parsed["total"])
        #expect(total.elementType == .float64)
        #expect(try Elements.float64(total, of: file.span) == [1.5, -1e300])
        let gradient = try #require(parsed["gradient"])
        #expect(gradient.shape == [1, 3])
        #expect(try Elements.float32(gradient, of: file.span) == [0.25, -2, 3e-30])
        let json = try #require(parsed["json"])
        #expect(json.elementType == .uint8)
        #expect(Array(file[json.byteRange]) == Array("{}".utf8))
        #expect(total.byteRange.lowerBound % 8 == 0)
    }

    @Test func `base64 is what Foundation writes`() throws {
        for count in 0..<20 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 97 + 250) }
            #expect(Base64.encode(bytes) == Data(bytes).base64EncodedString())
            #expect(try Base64.decode(Array(Base64.encode(bytes).utf8).span) == bytes)
        }
    }
}
