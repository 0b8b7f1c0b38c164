/// UTF-8 from outside, compared and hashed octet by octet.
///
/// `String` compares by canonical equivalence (Unicode Standard Annex #15): it puts every run of
/// combining marks in order, which takes time quadratic in the run's length, seconds for 32 KB. What
/// is known to be a name of ours may become a `String`; until then it stays this.
public struct UTF8Text: Sendable {
    /// The octets, valid UTF-8; shared with the bytes they were found in, not copied.
    public let utf8: ArraySlice<UInt8>

    /// The octets of a text of ours.
    public init(_ string: String) { utf8 = Array(string.utf8)[...] }

    /// Octets that are known to be UTF-8.
    public init(validated utf8: ArraySlice<UInt8>) { self.utf8 = utf8 }

    /// The same text as a `String`, which is to be shown and not compared unless it is known.
    public var string: String { String(decoding: utf8, as: UTF8.self) }

    /// Whether the octets are those of `other`.
    public func equals(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    /// Longer than any name of a member, an option, a layer or a tensor.
    public static let nameBytesMax = 256

    /// The text as a `String` where it may be a name of ours: at most `nameBytesMax` characters of
    /// printable ASCII, which `String` compares in linear time.
    public var name: String? {
        guard utf8.count <= Self.nameBytesMax, utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        return string
    }

    /// The text for a sentence to its sender: its first 64 characters, `?` for those that are not
    /// printable ASCII.
    public var printable: String {
        let scalars = string.unicodeScalars.prefix(64).map { scalar in
            (" "..."~").contains(scalar) ? Character(scalar) : "?"
        }
        return String(scalars)
    }
}

extension UTF8Text: Hashable {
    /// Hashes the octets.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(utf8.count)
        unsafe utf8.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
}

extension UTF8Text: ExpressibleByStringLiteral, CustomStringConvertible {
    /// The octets of a literal.
    public init(stringLiteral value: String) { self.init(value) }

    /// The text as a `String`.
    public var description: String { string }
}
