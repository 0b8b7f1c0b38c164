import Foundation
import Service
import TestSupport
import Testing

/// Images in JSON: decoded from the body's own bytes, their memory asked for first.
struct Base64BodyTests {
    private func post(_ service: RunningService, _ json: String) throws -> ClientResponse {
        try service.send(
            "POST", "/v1/losses", [("Content-Type", "application/json")], Array(json.utf8))
    }

    private static let png = Data(Sample.png(1)).base64EncodedString()

    /// PHP's json_encode escapes every slash.
    @Test func `reads base64 whose slashes are escaped`() throws {
        let escaped = Self.png.replacingOccurrences(of: "/", with: "\\/")
        #expect(escaped != Self.png)
        let service = try RunningService.shared.get()
        let image = "{\"png\":\"\(escaped)\"}"
        let response = try post(service, "{\"output\":\(image),\"target\":\(image)}")
        #expect(response.status == 200 && response.text.contains("\"total\":0"), "\(response.text)")
    }

    /// Each escape is six characters of the body and one of the text.
    @Test func `refuses a megabyte of escapes as it refuses a megabyte of anything`() throws {
        let service = try RunningService.shared.get()
        for piece in ["\\u0021", "!!!!!!", "\\n\\n\\n"] {
            let text = String(repeating: piece, count: (1 << 20) / 6)
            let response = try post(service, "{\"output\":{\"png\":\"\(text)\"}}")
            #expect(response.status == 400 && response.code == "bad_request")
        }
    }
}
