// The first line of a request, RFC 9112 §3.

import HTTPTypes

/// `method SP request-target SP HTTP-version`, without its CRLF.
struct RequestLine: Sendable {
    let method: HTTPRequest.Method
    let target: [UInt8]
    let minorVersion: Int

    init(parsing line: [UInt8], uriBytesMax: Int) throws(HTTPProtocolError) {
        let words = line.split(separator: ASCII.space, omittingEmptySubsequences: false)
        guard words.count == 3, !words[1].isEmpty, !words[1].contains(ASCII.tab),
            let method = HTTPRequest.Method(String(decoding: words[0], as: UTF8.self))
        else {
            throw .badRequest(
                reason: "The request line must be a method, a target and a version.")
        }
        // RFC 9112 §2.3. Another major version is another protocol: nothing after it can be read.
        let version = words[2]
        guard version.count == 8, version.starts(with: "HTTP/1.".utf8),
            let minor = version.last, ASCII.isDigit(minor)
        else {
            throw .badRequest(reason: "The version must be HTTP/1.1 or HTTP/1.0.")
        }
        guard words[1].count <= uriBytesMax else { throw .uriTooLong(limit: uriBytesMax) }
        self.method = method
        self.target = Array(words[1])
        self.minorVersion = minor == UInt8(ascii: "0") ? 0 : 1
    }
}
