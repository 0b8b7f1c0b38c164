import Codecs
import Foundation
import Service
import TestSupport
import Testing

/// Mistakes that people make, with the sentence each deserves: Tests/Fixtures/mistakes.json.
///
/// A line has a `name`, and either `form`, pairs as curl's `-F` takes them (`@a.png` is the file of
/// that name below, anything else text; `;type=` after a file declares its type), or `json`, or `body`
/// with a `type`. `method`, `path` and `fields` are POST, /v1/losses and none where they are not said.
/// What is expected is a `status` with `code` and `detail`, whole but where it ends with three dots in
/// place of a list that grows; of what is accepted, `warning`, the codes of warnings that the same
/// request without the mistake would not have.
struct Mistake: Sendable, CustomTestStringConvertible, Decodable {
    let name: String
    var method: String?
    var path: String?
    var fields: [String: String]?
    var form: [[String]]?
    var json: String?
    var body: String?
    var type: String?
    let status: Int
    var code: String?
    var detail: String?
    var warning: String?

    var testDescription: String { name }

    static let all = Result {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/mistakes.json")
        return try JSONDecoder().decode([Mistake].self, from: Data(contentsOf: path))
    }

    /// The bytes of the request.
    func request() throws -> [UInt8] {
        var fields = self.fields.map { $0.map { ($0.key, $0.value) } } ?? []
        var bytes = Array((body ?? json ?? "").utf8)
        if let form {
            let boundary = "mistakes"
            fields.append(("Content-Type", "multipart/form-data; boundary=\(boundary)"))
            bytes = try form.flatMap { try Self.part($0[0], $0[1], boundary) }
            bytes += Array("--\(boundary)--\r\n".utf8)
        } else if json != nil {
            fields.append(("Content-Type", "application/json"))
        } else if let type {
            fields.append(("Content-Type", type))
        }
        return RunningService.request(method ?? "POST", path ?? "/v1/losses", fields, bytes)
    }

    private static func part(_ name: String, _ value: String, _ boundary: String) throws -> [UInt8]
    {
        var disposition = "form-data; name=\"\(name)\""
        var type = ""
        var bytes = Array(value.utf8)
        if value.hasPrefix("@") {
            let words = value.dropFirst().components(separatedBy: ";type=")
            disposition += "; filename=\"\(words[0])\""
            bytes = words[0].isEmpty ? [] : try file(words[0])
            type = words.count > 1 ? "Content-Type: \(words[1])\r\n" : ""
        }
        return Array("--\(boundary)\r\nContent-Disposition: \(disposition)\r\n\(type)\r\n".utf8)
            + bytes + Array("\r\n".utf8)
    }

    /// 20 x 16 but where the name says otherwise.
    private static func file(_ name: String) throws -> [UInt8] {
        switch name {
        case "a.png": return Sample.png(1)
        case "b.png": return Sample.png(2)
        case "wide.png": return Sample.png(2, width: 22)
        case "small.png": return Sample.png(2, width: 15, height: 15)
        case "cut.png": return Array(Sample.png(1).dropLast(20))
        case "bits.png":  // A mask of 8 bits that holds 0 and 1.
            return PNGBytes(width: 20, height: 16, bitDepth: 8, colorType: 0) { x, _, _ in x & 1 }
                .encoded
        case "a.jpg":
            return try jpeg()
        case "cut.jpg": return Array(try jpeg().dropLast(2))
        case "empty.png": return []
        case "a.gif": return Array("GIF89a".utf8)
        case "a.webp": return Array("RIFF\0\0\0\0WEBPVP8 ".utf8)
        case "a.avif": return Array("\0\0\0\u{1C}ftypavif".utf8)
        case "a.heic": return Array("\0\0\0\u{1C}ftypheic".utf8)
        case "a.tif": return Array("II*\0".utf8)
        case "a.bmp": return Array("BM6".utf8)
        case "a.jp2": return [0, 0, 0, 12] + Array("jP  \r\n".utf8) + [0x87, 0x0A]
        case "a.jxl": return [0xFF, 0x0A]
        case "a.pdf": return Array("%PDF-1.7".utf8)
        case "a.html": return Array("<!DOCTYPE html>".utf8)
        case "a.npz":
            var header = Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 26)
            header[26] = 5
            return header + Array("a.npy".utf8)
        case "noise.bin": return [1, 2, 3, 4, 5, 6, 7, 8, 9]
        case "a.npy": return Sample.npy([16, 20, 3], uint8: Sample.bytes(1))
        case "float.npy":
            return NPY.encode(shape: [3, 16, 20], float32: Sample.floats(960, 1))
        case "features.npy":
            return NPY.encode(shape: [1, 2, 3, 4], float32: Sample.floats(24, 1))
        default: throw TestFailure(description: "there is no file \(name)")
        }
    }

    private static func jpeg() throws -> [UInt8] {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .appendingPathComponent("CodecsTests/Fixtures/jpeg.safetensors")
        let file = Array(try Data(contentsOf: path))
        let view = try SafetensorsFile.parse(file.span)["444-16x16.jpg"]
        guard let view else { throw TestFailure(description: "the JPEG is missing") }
        return Array(file[view.byteRange])
    }
}

struct MistakeTests {
    @Test func `names the culprit of every mistake and what to type`() throws {
        let service = try RunningService.shared.get()
        let mistakes = try Mistake.all.get()
        #expect(mistakes.count >= 67)
        #expect(Set(mistakes.map(\.name)).count == mistakes.count)
        for mistake in mistakes {
            let client = try SocketClient(port: service.port)
            try client.send(try mistake.request())
            let response = try #require(try client.readResponse())
            #expect(response.status == mistake.status, "\(mistake.name): \(response.text)")
            #expect(response.body.last == UInt8(ascii: "\n"), "\(mistake.name)")
            let answer = try response.json
            #expect(answer["code"] as? String == mistake.code, "\(mistake.name)")
            let detail = answer["detail"] as? String
            if let start = mistake.detail, start.hasSuffix(", ...") {
                #expect(
                    detail?.hasPrefix(start.dropLast(3)) == true,
                    "\(mistake.name): \(detail ?? "")")
            } else {
                #expect(detail == mistake.detail, "\(mistake.name)")
            }
            #expect(detail?.utf8.allSatisfy { (0x20...0x7E).contains($0) } != false)
            let warnings = (answer["warnings"] as? [[String: String]] ?? [])
                .compactMap { $0["code"] }.filter {
                    !$0.hasSuffix("_terms") && !$0.hasPrefix("res")
                }
            #expect(
                warnings == (mistake.warning?.components(separatedBy: ",") ?? []),
                "\(mistake.name): \(response.text)")
        }
    }
}
