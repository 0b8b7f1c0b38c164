// What a parser makes of bytes, in a form that can be compared.

import HTTP
import HTTPTypes

/// Feeds a `RequestParser` as a connection does and writes down each event as a line.
struct Transcript {
    private var parser: RequestParser
    private var body: BodyReader?
    private let bodyBytesMax: Int
    private(set) var lines: [String] = []
    private var isOver = false

    /// The transcript of the bytes, cut before each of the positions given.
    static func of(
        _ bytes: [UInt8], cuts: [Int] = [], bodyBytesMax: Int = 1000,
        limits: HTTPServerLimits = HTTPServerLimits()
    ) -> [String] {
        var transcript = Transcript(
            parser: RequestParser(limits: limits), bodyBytesMax: bodyBytesMax)
        var start = 0
        for end in cuts + [bytes.count] {
            transcript.feed(Array(bytes[start..<end]))
            start = end
        }
        return transcript.lines
    }

    private init(parser: RequestParser, bodyBytesMax: Int) {
        self.parser = parser
        self.bodyBytesMax = bodyBytesMax
    }

    private mutating func feed(_ bytes: [UInt8]) {
        var offset = 0
        while offset < bytes.count, !isOver {
            let rest = bytes.span.extracting(offset...)
            if let (consumed, event) = body?.parse(rest) {
                offset += consumed
                if let event { take(event) }
            } else {
                let (consumed, event) = parser.parse(rest)
                offset += consumed
                if let event { take(event) }
            }
        }
    }

    private mutating func take(_ event: RequestParser.Event) {
        switch event {
        case .head(let head):
            lines.append(Self.describe(head))
            do {
                body = try BodyReader(head.framing, bytesMax: bodyBytesMax)
            } catch {
                fail(error)
            }
        case .failure(let error): fail(error)
        }
    }

    private mutating func take(_ event: BodyReader.Event) {
        switch event {
        case .body(let bytes):
            lines.append("body \(String(decoding: bytes, as: UTF8.self))")
            body = nil
        case .failure(let error): fail(error)
        }
    }

    private mutating func fail(_ error: HTTPProtocolError) {
        lines.append("\(error.status.code) \(error)")
        isOver = true
    }

    private static func describe(_ head: RequestHead) -> String {
        let fields = head.fields.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        let target =
            switch head.target {
            case .success(let target): target.originForm
            case .failure(let error): "\(error.status.code)"
            }
        return "\(head.method) \(target) 1.\(head.minorVersion) \(head.framing) "
            + "alive=\(head.keepsAlive) \(head.expectation) [\(fields)]"
    }
}
