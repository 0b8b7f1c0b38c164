import Crypto
import Foundation
import Service
import TestSupport
import Testing

/// Bodies that are sent compressed mean what they mean without it.
struct BodyCodingTests {
    private static let form = Sample.pair()

    private func post(
        _ service: RunningService, _ coding: String, _ body: [UInt8],
        type: String = Sample.pair().contentType
    ) throws -> ClientResponse {
        try service.send(
            "POST", "/v1/losses", [("Content-Type", type), ("Content-Encoding", coding)], body)
    }

    @Test(arguments: ["gzip", "GZIP", "x-gzip", " gzip\t", "deflate", "identity"])
    func `answers a coded body as the plain one`(coding: String) throws {
        let service = try RunningService.shared.get()
        let plain = try service.post("/v1/losses", Self.form)
        let body =
            switch coding {
            case "identity": Self.form.body
            case "deflate": CodedBytes.deflate(Self.form.body)
            default: CodedBytes.gzip(Self.form.body)
            }
        let response = try post(service, coding, body)
        #expect(response.status == 200, "\(response.text)")
        // Whoever comes first finds no statistics of the target.
        let results = [response, plain].map {
            $0.results?.replacingOccurrences(of: "false", with: "true")
        }
        #expect(results[0] != nil && results[0] == results[1])
    }

    @Test func `decodes JSON and targets too`() throws {
        let service = try RunningService.shared.get()
        let image = ["png": Data(Sample.png(1)).base64EncodedString()]
        let json = try JSONSerialization.data(withJSONObject: ["output": image, "target": image])
        let response = try post(
            service, "deflate", CodedBytes.deflate([UInt8](json)), type: "application/json")
        #expect(response.status == 200 && response.text.contains("\"total\":0"))
        // The digest is of the decoded bytes (RFC 9110 §8.4: the coding is not the content).
        let target = Sample.png(77)
        let put = try service.send(
            "PUT", "/v1/targets/sha256:\(SHA256.hash(data: target).hexadecimal)",
            [("Content-Type", "image/png"), ("Content-Encoding", "gzip")], CodedBytes.gzip(target))
        #expect(put.status == 201, "\(put.text)")
    }

    @Test(arguments: [
        ("gzip", CodedBytes.gzip(form.body).dropLast()),
        ("gzip", CodedBytes.gzip(form.body) + [0]),
        ("gzip", CodedBytes.gzip(form.body) + CodedBytes.gzip(form.body)),
        ("gzip", CodedBytes.deflate(form.body)), ("deflate", CodedBytes.gzip(form.body)),
        ("gzip", form.body), ("deflate", form.body),
    ])
    func `refuses a body that is not of its coding`(coding: String, body: [UInt8]) throws {
        let response = try post(try RunningService.shared.get(), coding, Array(body))
        #expect(response.status == 400 && response.code == "bad_request", "\(response.text)")
    }

    @Test(arguments: ["br", "zstd", "compress", "gzip, gzip", "gzip;q=1", "", "identity, gzip"])
    func `says which codings are read`(coding: String) throws {
        let response = try post(try RunningService.shared.get(), coding, Self.form.body)
        #expect(response.status == 415 && response.code == "unsupported_encoding")
        #expect(response["accept-encoding"] == "gzip, deflate")
    }

    @Test func `holds the decoded body to the limit`() throws {
        let count = 100_000
        let body = CodedBytes.deflate(zeros: count)
        for (limit, status) in [(count - 1, 413), (count, 400), (count + 1, 400)] {
            let service = try RunningService("--max-body-bytes=\(limit)")
            let response = try post(service, "deflate", body)
            #expect(response.status == status, "\(response.text)")
            guard status == 413 else { continue }
            #expect(response.code == "body_too_large")
            #expect(try response.json["limit"] as? Int == limit)
            #expect(try response.json["option"] as? String == "max-body-bytes")
        }
    }

    /// 256 MiB of zeros in 1.7 MB: the memory is asked for before it is taken.
    @Test func `refuses a bomb before memory is taken for it`() throws {
        let service = try RunningService(
            "--max-memory-bytes=268435456", "--max-body-bytes=268435456", "--queue-bytes=268435456")
        let response = try post(service, "deflate", CodedBytes.deflate(zeros: 1 << 28))
        #expect(response.status == 413 && response.code == "batch_too_large", "\(response.text)")
        #expect(try post(service, "deflate", CodedBytes.deflate(Self.form.body)).status == 200)
    }
}

extension SHA256Digest {
    var hexadecimal: String { map { String(format: "%02x", $0) }.joined() }
}
