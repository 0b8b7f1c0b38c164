// Requests with a fault, for the parser's tests and for the same over a socket.

import Testing

/// Bytes with a fault in their framing, and the statuses that are right for them.
struct BadRequest: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let statuses: [Int]

    var testDescription: String { name }

    init(_ name: String, _ text: String, _ statuses: Int...) {
        self.name = name
        bytes = Array(text.utf8)
        self.statuses = statuses.isEmpty ? [400] : statuses
    }

    init(_ name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        statuses = [400]
    }

    static let all: [BadRequest] =
        requestLines + versions + limits + hosts + fields + lengths + codings + chunks

    private static func get(_ fields: String) -> String {
        "GET / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\n"
    }

    private static func post(_ fields: String) -> String {
        "POST / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\nhello"
    }

    private static func chunked(_ body: String) -> String {
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(body)"
    }

    static let requestLines: [BadRequest] = [
        BadRequest("space in target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"),
        BadRequest("no version", "GET /\r\nHost: h\r\n\r\n"),
        BadRequest("leading space", " GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        BadRequest("two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"),
        BadRequest("tab", "GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n"),
        BadRequest("control byte", "GET /\u{01} HTTP/1.1\r\nHost: h\r\n\r\n"),
        BadRequest("NUL", "GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"),
        BadRequest("method not a token", "G{T / HTTP/1.1\r\nHost: h\r\n\r\n"),
        BadRequest("bare LF", "GET / HTTP/1.1\nHost: h\n\n"),
        BadRequest("CR alone", "GET / HTTP/1.1\rHost: h\r\n\r\n"),
    ]

    static let versions: [BadRequest] = [
        BadRequest("HTTP/2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n"),
        BadRequest("HTTP/9.9", "GET / HTTP/9.9\r\nHost: h\r\n\r\n"),
        BadRequest("HTTP/1.10", "GET / HTTP/1.10\r\nHost: h\r\n\r\n"),
        BadRequest("lower-case version", "GET / http/1.1\r\nHost: h\r\n\r\n"),
        BadRequest("HTTP/0.9", "GET /\r\n"),
        BadRequest("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        BadRequest("TLS hello", bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC]),
        BadRequest("garbage", bytes: (0...255).map { UInt8(255 - $0) }),
    ]

    static let limits: [BadRequest] = [
        BadRequest("long target", "GET /\(String(repeating: "a", count: 8192)) HTTP/1.1\r\n", 414),
        BadRequest("endless target", "GET /\(String(repeating: "a", count: 9000))", 414),
        BadRequest("long field", get("a: \(String(repeating: "b", count: 17_000))"), 431),
        BadRequest(
            "endless field", "GET / HTTP/1.1\r\na: \(String(repeating: "b", count: 17_000))", 431),
        BadRequest(
            "long head",
            get(
                (1...40).map { "a\($0): \(String(repeating: "b", count: 500))" }.joined(
                    separator: "\r\n")), 431),
        BadRequest(
            "many fields", get((1...100).map { "a\($0): b" }.joined(separator: "\r\n")), 431),
    ]

    static let hosts: [BadRequest] = [
        BadRequest("no Host", "GET / HTTP/1.1\r\n\r\n"),
        BadRequest("two Hosts", get("Host: h")),
        BadRequest("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        BadRequest("Host with space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        BadRequest("Host with slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        BadRequest("Host with user", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n"),
        BadRequest("Host with bad port", "GET / HTTP/1.1\r\nHost: h:80a\r\n\r\n"),
        BadRequest("Host with huge port", "GET / HTTP/1.1\r\nHost: h:99999\r\n\r\n"),
        BadRequest("Host with open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
        BadRequest("two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
    ]

    static let fields: [BadRequest] = [
        BadRequest("space before colon", get("a : b")),
        BadRequest("empty name", get(": b")),
        BadRequest("no colon", get("ab")),
        BadRequest("name not a token", get("a(b): c")),
        BadRequest("8-bit name", get("é: c")),
        BadRequest("NUL in value", get("a: b\0c")),
        BadRequest("CR in value", get("a: b\rc")),
        BadRequest("control byte in value", get("a: b\u{0B}c")),
        BadRequest("DEL in value", get("a: b\u{7F}c")),
        BadRequest("folded field", get("a: b\r\n c")),
        BadRequest("whitespace before the first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n"),
        BadRequest("whitespace line", get(" ")),
    ]

    static let lengths: [BadRequest] =
        ["-1", "+5", "5a", "0x5", "5_0", "5.0", "1e1", "5 5", "", "٥", "5,6", "5, 5", "\"5\""].map {
            BadRequest("Content-Length \($0)", post("Content-Length: \($0)"))
        } + [
            BadRequest("two lengths", post("Content-Length: 5\r\nContent-Length: 6")),
            BadRequest("same length twice", post("Content-Length: 5\r\nContent-Length: 5")),
            BadRequest(
                "length of 64 bits and more", post("Content-Length: 18446744073709551621"), 413),
            BadRequest("length over the limit", post("Content-Length: 99999999999"), 413),
            BadRequest("no length in HTTP/1.0", "POST / HTTP/1.0\r\n\r\n", 411),
        ]

    static let codings: [BadRequest] =
        [
            "gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked;a=b",
            "\"chunked\"", "\u{A0}chunked", "", "identity", "xchunked", ",chunked",
        ].map { BadRequest("coding \($0)", post("Transfer-Encoding: \($0)")) } + [
            BadRequest("coding after VT", post("Transfer-Encoding: \u{0B}chunked")),
            BadRequest(
                "two codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")),
            BadRequest(
                "length and coding", post("Content-Length: 5\r\nTransfer-Encoding: chunked")),
            BadRequest(
                "coding in HTTP/1.0",
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ]

    static let chunks: [BadRequest] =
        [
            "g", "-1", "+5", "0x5", "5 5", "5_0", "", "5\0", "5 ", ";a", " 5",
            "5;", "5 ;", "5; ", "5;;", "5;a;", "5;a=", "5;a=\"", "5;a=\"b", "5;a b", "5;=b",
            "5;a=b c",
            "5;a=\"b\"c",
        ].map {
            BadRequest("chunk size '\($0)'", chunked("\($0)\r\nhello\r\n0\r\n\r\n"))
        } + [
            BadRequest("chunk over the limit", chunked("ffffffff\r\n"), 413),
            BadRequest(
                "chunk of 64 bits and more", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), 413
            ),
            BadRequest("data longer than said", chunked("5\r\nhelloo\r\n0\r\n\r\n")),
            BadRequest("data shorter than said", chunked("5\r\nhell\r\n0\r\n\r\n")),
            BadRequest("no CRLF after data", chunked("5\r\nhello0\r\n\r\n")),
            BadRequest("other bytes for CRLF", chunked("5\r\nhelloXX0\r\n\r\n")),
            BadRequest("bare LF after size", chunked("5\nhello\r\n0\r\n\r\n")),
            BadRequest("bare LF after data", chunked("5\r\nhello\n0\r\n\r\n")),
            BadRequest(
                "long extension",
                chunked("5;\(String(repeating: "x", count: 300))\r\nhello\r\n0\r\n\r\n")),
            BadRequest(
                "overweight extensions",
                chunked(
                    String(
                        repeating: "1;\(String(repeating: "x", count: 200))\r\na\r\n", count: 100))),
            BadRequest(
                "long trailers",
                chunked(
                    "0\r\n\(String(repeating: "a: \(String(repeating: "b", count: 1000))\r\n", count: 9))"
                ), 431),
            BadRequest("bad trailer", chunked("0\r\nno colon\r\n\r\n")),
        ]
}
