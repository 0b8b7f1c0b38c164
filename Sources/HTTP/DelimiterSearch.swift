// The search that a multipart body spends its time in.

/// Finds `CRLF--boundary`, by Horspool's algorithm (R. N. Horspool, 1980) with forward comparison.
///
/// CR occurs in the pattern only as its first byte, so text that has been compared after a CR cannot
/// start another match: however dense in near-boundaries a body is, no byte is compared more than
/// twice. Most bodies are skipped through a pattern's length at a time.
struct DelimiterSearch: Sendable {
    let pattern: [UInt8]
    /// How far the window may move when a byte is under its last position.
    private let shifts: [UInt8]

    /// The pattern starts with CR, has none elsewhere, and is at most 255 bytes long; that of a boundary
    /// is 74 at most.
    init(_ pattern: [UInt8]) {
        precondition(pattern.count <= UInt8.max && pattern.first == ASCII.carriageReturn)
        var shifts = [UInt8](repeating: UInt8(pattern.count), count: 256)
        for (index, byte) in pattern.dropLast().enumerated() {
            shifts[Int(byte)] = UInt8(pattern.count - 1 - index)
        }
        self.pattern = pattern
        self.shifts = shifts
    }

    /// The first match that begins at `start` or later, and before `limit`.
    func firstMatch(in bytes: Span<UInt8>, from start: Int, before limit: Int = .max) -> Int? {
        let pattern = pattern.span
        let shifts = shifts.span
        var position = start
        while position < limit, position + pattern.count <= bytes.count {
            if bytes[position] == ASCII.carriageReturn {
                var matched = 1
                while matched < pattern.count, bytes[position + matched] == pattern[matched] {
                    matched += 1
                }
                if matched == pattern.count { return position }
            }
            position += Int(shifts[Int(bytes[position + pattern.count - 1])])
        }
        return nil
    }
}
