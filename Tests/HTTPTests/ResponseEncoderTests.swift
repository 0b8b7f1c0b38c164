// Response heads, byte for byte.

import HTTP
import HTTPTypes
import Testing

@Suite struct ResponseEncoderTests {
    private func head(
        _ response: HTTPServerResponse, minorVersion: Int = 1, keepsAlive: Bool = true
    ) -> String {
        let bytes = ResponseEncoder.head(
            of: response, minorVersion: minorVersion, keepsAlive: keepsAlive, date: "D")
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `writes status, own fields and given fields`() {
        let response = HTTPServerResponse(
            status: .ok, fields: [.contentType: "text/plain", .date: "x", .contentLength: "9"],
            body: [1, 2, 3])
        #expect(
            head(response)
                == "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n"
        )
    }

    @Test func `says whether the connection stays, when it must`() {
        let response = HTTPServerResponse(status: .ok)
        #expect(!head(response).contains("Connection"))
        #expect(head(response, keepsAlive: false).contains("\r\nConnection: close\r\n"))
        #expect(head(response, minorVersion: 0).contains("\r\nConnection: keep-alive\r\n"))
    }

    @Test(arguments: [204, 304]) func `has no length where there is no body`(code: Int) {
        let response = HTTPServerResponse(status: .init(code: code), body: [1])
        #expect(!head(response).contains("Content-Length"))
        #expect(!ResponseEncoder.sendsBody(of: response, method: .get))
    }

    @Test func `gives HEAD the length without the body`() {
        let response = HTTPServerResponse(status: .ok, body: [1, 2])
        #expect(head(response).contains("Content-Length: 2\r\n"))
        #expect(!ResponseEncoder.sendsBody(of: response, method: .head))
        #expect(ResponseEncoder.sendsBody(of: response, method: .get))
    }

    @Test func `cannot be split by a field value`() {
        let response = HTTPServerResponse(status: .ok, fields: [.location: "/a\r\nX: y"])
        #expect(!head(response).contains("\r\nX:"))
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        // The example of RFC 9110 §5.6.7.
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (1_709_164_799, "Wed, 28 Feb 2024 23:59:59 GMT"),
        (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
        (4_102_444_800, "Fri, 01 Jan 2100 00:00:00 GMT"),
    ])
    func `writes dates as IMF-fixdate`(seconds: Int, text: String) {
        #expect(HTTPDate.string(unixSeconds: seconds) == text)
    }
}
