// One header field line, RFC 9112 §5.

import HTTPTypes

/// `field-name ":" OWS field-value OWS`, without its CRLF.
enum FieldLine {
    static func parse(_ line: [UInt8]) throws(HTTPProtocolError) -> HTTPField {
        // RFC 9112 §5.2 (obs-fold) and §2.2 (whitespace before the first field).
        if let first = line.first, ASCII.isWhitespace(first) {
            throw .badRequest(reason: "A header line must not begin with whitespace.")
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw .badRequest(reason: "A header line must have a colon after its name.")
        }
        // A token has no space, so `Name :` is refused here too (RFC 9112 §5.1).
        guard let name = HTTPField.Name(String(decoding: line[..<colon], as: UTF8.self)) else {
            throw .badRequest(reason: "A header field name must be a token right before its colon.")
        }
        return HTTPField(name: name, value: ASCII.trimmed(line[(colon + 1)...]))
    }
}
