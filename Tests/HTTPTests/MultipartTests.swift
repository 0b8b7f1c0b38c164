// Forms: what parts there are, what is refused, and that time stays linear.

import HTTP
import Synchronization
import Testing

private let formType = "multipart/form-data; boundary=XyZ"

private func part(_ fields: String, _ content: String) -> String {
    "--XyZ\r\n\(fields)\r\n\r\n\(content)\r\n"
}

private func named(_ name: String, _ content: String) -> String {
    part("Content-Disposition: form-data; name=\"\(name)\"", content)
}

/// Each part as `name|type|content`.
private func summary(_ body: String, _ contentType: String = formType) throws -> [String] {
    let bytes = Array(body.utf8)
    return try MultipartParser.parse(bytes, contentType: contentType).map {
        let content = String(decoding: bytes[$0.body], as: UTF8.self)
        let name = String(decoding: $0.name, as: UTF8.self)
        return "\(name)|\($0.contentType ?? "-")|\(content)"
    }
}

/// Forms of one part and the content that it has.
private let soundBodies: [(name: String, body: String, content: String)] = [
    ("preamble and epilogue", "pre\r\namble\r\n" + named("a", "1") + "--XyZ--\r\nepilogue", "1"),
    ("no CRLF at the end", named("a", "1") + "--XyZ--", "1"),
    (
        "padding after boundaries",
        "--XyZ \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--XyZ-- ", "1"
    ),
    ("longer boundary in content", named("a", "\r\n--XyZa\r\n") + "--XyZ--", "\r\n--XyZa\r\n"),
    ("boundary in a line", named("a", "x--XyZ") + "--XyZ--", "x--XyZ"),
    ("boundary cut short", named("a", "\r\n--Xy\r\n--XyY") + "--XyZ--", "\r\n--Xy\r\n--XyY"),
    ("closing boundary with more", named("a", "\r\n--XyZ--x") + "--XyZ--", "\r\n--XyZ--x"),
    ("CR before the boundary", named("a", "\r\r\r\n\r") + "--XyZ--", "\r\r\r\n\r"),
    (
        "header without content", "--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\n--XyZ--",
        ""
    ),
]

/// Bodies that break the grammar.
private let brokenBodies: [(name: String, body: String)] = [
    ("empty body", ""),
    ("no boundary", "hello"),
    ("no closing boundary", named("a", "1")),
    ("cut in a part", "--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\nhel"),
    ("cut in a header", "--XyZ\r\nContent-Disposition: form-d"),
    ("no disposition", part("Content-Type: text/plain", "1") + "--XyZ--"),
    (
        "two dispositions",
        part(
            "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b", "1")
            + "--XyZ--"
    ),
    ("attachment", part("Content-Disposition: attachment; name=a", "1") + "--XyZ--"),
    ("no name", part("Content-Disposition: form-data", "1") + "--XyZ--"),
    ("empty name", named("", "1") + "--XyZ--"),
    ("two names", part("Content-Disposition: form-data; name=a; name=b", "1") + "--XyZ--"),
    ("open quote", part("Content-Disposition: form-data; name=\"a", "1") + "--XyZ--"),
    ("bare LF in header", part("Content-Disposition: form-data; name=a\nX: y", "1") + "--XyZ--"),
    (
        "NUL in file name",
        part("Content-Disposition: form-data; name=a; filename=\"\0\"", "1") + "--XyZ--"
    ),
    ("folded header", part("Content-Disposition: form-data;\r\n name=a", "1") + "--XyZ--"),
]

@Suite struct MultipartTests {
    @Test func `finds parts with names, files and types`() throws {
        let body =
            named("a", "1") + named("a", "")
            + part(
                "content-disposition: FORM-data ; filename=\"x \\\"y\\\";é.png\"; name=b\r\nContent-Type: image/png",
                "\u{89}PNG\r\n") + "--XyZ--\r\n"
        #expect(
            try summary(body) == ["a|-|1", "a|-|", "b|image/png|\u{89}PNG\r\n"])
    }

    @Test(arguments: soundBodies)
    func `keeps content apart from boundaries`(
        name: String, body: String, content: String
    ) throws {
        #expect(try summary(body) == ["a|-|\(content)"])
    }

    @Test func `reads a form without parts`() throws {
        #expect(try summary("--XyZ--\r\n").isEmpty)
    }

    @Test(arguments: [
        "multipart/form-data; boundary=\"a b'()+_,-./:=?c\"",
        "Multipart/Form-Data;charset=utf-8;BOUNDARY=\"a b'()+_,-./:=?c\";",
    ])
    func `reads quoted boundaries`(contentType: String) throws {
        let boundary = "a b'()+_,-./:=?c"
        let body =
            "--\(boundary)\r\nContent-Disposition: form-data; name=n\r\n\r\nv\r\n--\(boundary)--"
        #expect(try summary(body, contentType) == ["n|-|v"])
    }

    @Test(arguments: [
        ("text/plain; boundary=XyZ", MultipartError.notFormData),
        ("multipart/mixed; boundary=XyZ", .notFormData),
        (
            "multipart/form-data" + String(repeating: "\u{301}\u{323}", count: 8 << 10)
                + "; boundary=XyZ", .notFormData
        ),
        ("multipart/form-data", .invalidBoundary),
        ("multipart/form-data; boundary=", .invalidBoundary),
        ("multipart/form-data; boundary=\"\"", .invalidBoundary),
        ("multipart/form-data; boundary=a; boundary=b", .invalidBoundary),
        ("multipart/form-data; boundary=\"a", .invalidBoundary),
        ("multipart/form-data; boundary=\"a \"", .invalidBoundary),
        ("multipart/form-data; boundary=a\"b", .invalidBoundary),
        ("multipart/form-data; boundary=\(String(repeating: "x", count: 71))", .invalidBoundary),
    ])
    func `refuses a bad Content-Type`(contentType: String, error: MultipartError) {
        #expect(throws: error) { try summary("--XyZ--", contentType) }
    }

    @Test(arguments: brokenBodies)
    func `refuses a broken body with a reason`(name: String, body: String) throws {
        let error = #expect(throws: MultipartError.self) { try summary(body) }
        guard case .malformed(let reason) = try #require(error) else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.hasSuffix("."))
    }

    @Test func `takes names as bytes and bounds their length`() throws {
        // Both are the same text to `String`; here they are two names.
        #expect(
            try MultipartParser.parse(
                Array((named("\u{E9}", "1") + named("e\u{301}", "2") + "--XyZ--").utf8),
                contentType: formType
            ).map(\.name) == [[0xC3, 0xA9], [0x65, 0xCC, 0x81]])
        let longest = String(repeating: "n", count: 256)
        #expect(try summary(named(longest, "1") + "--XyZ--") == ["\(longest)|-|1"])
        for name in [longest + "n", String(repeating: "\u{301}\u{323}", count: 900)] {
            #expect(throws: MultipartError.partNameTooLong(limit: 256)) {
                try summary(named(name, "1") + "--XyZ--")
            }
        }
    }

    @Test(arguments: ["base64", "quoted-printable"])
    func `refuses encoded parts`(encoding: String) {
        let body =
            part(
                "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: \(encoding)",
                "1")
            + "--XyZ--"
        #expect(throws: MultipartError.unsupportedTransferEncoding) { try summary(body) }
    }

    @Test func `holds its limits`() {
        var limits = MultipartLimits()
        limits.partsMax = 2
        func parse(_ body: String) throws -> Int {
            try MultipartParser.parse(Array(body.utf8), contentType: formType, limits: limits).count
        }
        let two = named("a", "1") + named("b", "2")
        #expect(throws: Never.self) { try parse(two + "--XyZ--") }
        #expect(throws: MultipartError.tooManyParts(limit: 2)) {
            try parse(two + named("c", "3") + "--XyZ--")
        }
        let fields = (1...8).map { "\r\nx\($0): y" }.joined()
        #expect(throws: MultipartError.tooManyPartHeaders(limit: 8)) {
            try parse(part("Content-Disposition: form-data; name=a\(fields)", "1") + "--XyZ--")
        }
        let long = String(repeating: "z", count: 4096)
        #expect(throws: MultipartError.partHeaderTooLong(limit: 4096)) {
            try parse(part("Content-Disposition: form-data; name=\(long)", "1") + "--XyZ--")
        }
    }

    // Werkzeug's CVE-2023-46136 was quadratic in bodies like these: each would take minutes.
    @Test(arguments: ["\r\n--Xy", "\r", "\n", "\r\n", "\r\n--XyZ   x", "-", "Z"])
    func `takes linear time on near-boundaries`(piece: String) throws {
        let content = String(repeating: piece, count: 1_000_000 / piece.utf8.count)
        #expect(try summary(named("a", content) + "--XyZ--") == ["a|-|\(content)"])
    }

    @Test(arguments: [1, 3])
    func `ends when nobody waits for the parts any more`(number: Int) {
        let content = String(repeating: "\r\n--Xy", count: 400_000)
        let asked = Mutex(0)
        #expect(throws: MultipartError.cancelled) {
            try MultipartParser.parse(
                Array((named("a", content) + "--XyZ--").utf8), contentType: formType,
                isCancelled: {
                    asked.withLock { asked in
                        asked += 1
                        return asked >= number
                    }
                })
        }
        #expect(asked.withLock { $0 } == number)
    }

    @Test(arguments: [4095, 4096, 4097])
    func `takes padding behind a boundary as long as a line may be`(count: Int) throws {
        let padding = String(repeating: " ", count: count)
        let second = named("b", "2").dropFirst("--XyZ\r\n".count)
        let body = named("a", "1") + "--XyZ\(padding)\r\n" + second + "--XyZ--"
        #expect(try summary(body).count == (count <= 4096 ? 2 : 1))
    }
}
