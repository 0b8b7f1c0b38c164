// multipart/form-data, RFC 7578 on the grammar of RFC 2046 §5.1.1.

/// One part of a form.
public struct MultipartPart: Sendable, Equatable {
    /// The form field's name, in UTF-8; repeated for several files of one field.
    public let name: [UInt8]
    /// The part's own Content-Type, as it was sent.
    public let contentType: String?
    /// Whether it came with the name of a file. A browser's form sends a field in which no file was
    /// chosen with an empty one.
    public let hasFileName: Bool
    /// Where the part's content is in the body that was parsed.
    public let body: Range<Int>
}

/// What a form may hold.
public struct MultipartLimits: Sendable {
    /// Parts of one body.
    public var partsMax = 256
    /// Header fields of one part (python-multipart's figure).
    public var partHeadersMax = 8
    /// Bytes of one header line of a part.
    public var partHeaderBytesMax = 4096
    /// Bytes of a part's name.
    public var partNameBytesMax = 256

    /// The defaults.
    public init() {}
}

/// Finds the parts of a form without copying them, in time linear in the body's length.
public struct MultipartParser {
    private let body: [UInt8]
    private let limits: MultipartLimits
    private let isCancelled: () -> Bool
    /// CRLF, two hyphens, the boundary.
    private let delimiter: DelimiterSearch

    /// Some 100 µs of work.
    private static let bytesBetweenLooks = 1 << 18

    /// The parts in order; empty for a form without fields.
    ///
    /// What stands before the first boundary and after the last one is ignored.
    ///
    /// - Parameter isCancelled: asked every few hundred microseconds; once it says true, `cancelled` is
    ///   thrown.
    public static func parse(
        _ body: [UInt8], contentType: String, limits: MultipartLimits = MultipartLimits(),
        isCancelled: @escaping () -> Bool = { false }
    ) throws(MultipartError) -> [MultipartPart] {
        let boundary = try Self.boundary(of: contentType)
        let delimiter = DelimiterSearch(Array("\r\n--".utf8) + boundary)
        return try MultipartParser(
            body: body, limits: limits, isCancelled: isCancelled, delimiter: delimiter
        ).parts()
    }

    private static func boundary(of contentType: String) throws(MultipartError) -> [UInt8] {
        guard let header = HeaderParameters(parsing: contentType.utf8) else {
            throw .invalidBoundary
        }
        guard header.hasValue("multipart/form-data") else { throw .notFormData }
        let boundaries = header["boundary"]
        guard boundaries.count == 1, let boundary = boundaries.first,
            (1...70).contains(boundary.count), boundary.allSatisfy(isBoundaryByte),
            boundary.last != ASCII.space
        else { throw .invalidBoundary }
        return boundary
    }

    /// bchars, RFC 2046 §5.1.1.
    private static func isBoundaryByte(_ byte: UInt8) -> Bool {
        ASCII.isDigit(byte) || ASCII.isLetter(byte) || "'()+_,-./:=? ".utf8.contains(byte)
    }

    private func parts() throws(MultipartError) -> [MultipartPart] {
        var parts: [MultipartPart] = []
        guard var next = try firstDelimiter() else {
            throw .malformed(reason: "The multipart body does not contain its boundary.")
        }
        while !next.isLast {
            guard parts.count < limits.partsMax else {
                throw .tooManyParts(limit: limits.partsMax)
            }
            let (header, start) = try PartHeader.parse(body, from: next.end, limits: limits)
            // The empty line may be the delimiter's own CRLF: a header without content.
            guard let following = try nextDelimiter(from: start - 2) else {
                throw .malformed(reason: "The multipart body ends before its closing boundary.")
            }
            parts.append(
                MultipartPart(
                    name: header.name, contentType: header.contentType,
                    hasFileName: header.hasFileName,
                    body: start..<max(start, following.start)))
            next = following
        }
        return parts
    }

    /// A boundary line: where its CRLF starts, where the line after it starts.
    private struct Delimiter {
        let start: Int
        let end: Int
        let isLast: Bool
    }

    /// The first boundary may stand at the very start, without its CRLF.
    private func firstDelimiter() throws(MultipartError) -> Delimiter? {
        let pattern = delimiter.pattern
        if body.starts(with: pattern.dropFirst(2)),
            let found = boundaryLine(start: -2, end: pattern.count - 2)
        {
            return found
        }
        return try nextDelimiter(from: 0)
    }

    private func nextDelimiter(from start: Int) throws(MultipartError) -> Delimiter? {
        var position = start
        while position < body.count {
            guard !isCancelled() else { throw .cancelled }
            let limit = position + Self.bytesBetweenLooks
            guard
                let match = delimiter.firstMatch(in: body.span, from: position, before: limit)
            else {
                position = limit
                continue
            }
            let end = match + delimiter.pattern.count
            if let found = boundaryLine(start: match, end: end) { return found }
            // The boundary with more behind it is content.
            position = end
        }
        return nil
    }

    /// `--` closes; padding and CRLF must follow, or it was no boundary line.
    private func boundaryLine(start: Int, end: Int) -> Delimiter? {
        let isLast = body[end...].starts(with: "--".utf8)
        // Held to the length of a line, as headers are.
        let padding = body[(isLast ? end + 2 : end)...].prefix(limits.partHeaderBytesMax)
            .prefix(while: ASCII.isWhitespace)
        let rest = body[padding.endIndex...]
        guard rest.starts(with: "\r\n".utf8) || (isLast && rest.isEmpty) else { return nil }
        return Delimiter(start: start, end: rest.startIndex + 2, isLast: isLast)
    }
}
