// Response heads as bytes: pure.

import HTTPTypes

/// Writes the status line and header fields of a response, RFC 9112 §4 and §5.
public enum ResponseEncoder {
    /// `100 Continue`, which any client may discard (RFC 9110 §15.2.1).
    static let continueResponse = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// The head of a response, up to and including its empty line.
    ///
    /// Content-Length, Date and Connection are the encoder's; values in `response.fields` are
    /// dropped, and so is Transfer-Encoding, which is never used.
    /// - Parameters:
    ///   - date: an IMF-fixdate.
    ///   - minorVersion: that of the request; HTTP/1.0 has to be told about keep-alive.
    public static func head(
        of response: HTTPServerResponse, minorVersion: Int, keepsAlive: Bool, date: String
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        let status = response.status
        bytes.append(contentsOf: "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n".utf8)
        append("Date", date, to: &bytes)
        for field in response.fields where !isOwnField(field.name) {
            bytes.append(contentsOf: field.name.rawName.utf8)
            bytes.append(contentsOf: ": ".utf8)
            unsafe field.withUnsafeBytesOfValue { unsafe bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: "\r\n".utf8)
        }
        // RFC 9110 §8.6: no Content-Length in 204; in 304 it would be that of the 200.
        if status.code != 204 && status.code != 304 {
            append("Content-Length", String(response.body.count), to: &bytes)
        }
        if !keepsAlive {
            append("Connection", "close", to: &bytes)
        } else if minorVersion == 0 {
            append("Connection", "keep-alive", to: &bytes)
        }
        bytes.append(contentsOf: "\r\n".utf8)
        return bytes
    }

    /// Whether the body follows the head (RFC 9112 §6.3 rule 1).
    public static func sendsBody(
        of response: HTTPServerResponse, method: HTTPRequest.Method?
    ) -> Bool {
        method != .head && response.status.code != 204 && response.status.code != 304
    }

    private static func isOwnField(_ name: HTTPField.Name) -> Bool {
        name == .contentLength || name == .date || name == .connection
            || name == .transferEncoding
    }

    private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: ": ".utf8)
        bytes.append(contentsOf: value.utf8)
        bytes.append(contentsOf: "\r\n".utf8)
    }
}
