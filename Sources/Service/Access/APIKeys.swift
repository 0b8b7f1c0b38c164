import Crypto
import HTTP

/// The keys that may be used, each under the name its requests have in the log and as the tenant of
/// a cache. Only their digests are kept.
struct APIKeys: Sendable {
    private struct Entry {
        let name: String
        let digest: [UInt8]
    }

    /// A guess of so many characters of 64 has no hope.
    static let keyBytesMin = 16
    private static let keyBytesMax = 512
    private static let nameBytesMax = 64
    private static let keysMax = 10_000

    private var entries: [Entry] = []

    var count: Int { entries.count }

    /// Reads one key a line, `name:key` or `key`; empty lines and those that begin with `#` are
    /// skipped.
    ///
    /// A key without a name is called `key-` and the first eight digits of its SHA-256. Two keys of
    /// one name belong to one tenant, so that a key can be replaced without losing what it keeps.
    init(parsing text: [UInt8]) throws(APIKeysError) {
        for (index, line) in text.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() {
            let line = ASCII.trimmed(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
            guard let first = line.first, first != UInt8(ascii: "#") else { continue }
            guard entries.count < Self.keysMax else { throw .tooMany(limit: Self.keysMax) }
            try add(line, number: index + 1)
        }
        guard !entries.isEmpty else { throw .empty }
    }

    private mutating func add(
        _ line: some BidirectionalCollection<UInt8>, number: Int
    ) throws(APIKeysError) {
        let colon = line.firstIndex(of: UInt8(ascii: ":"))
        let key = colon.map { line[line.index(after: $0)...] } ?? line[...]
        guard (Self.keyBytesMin...Self.keyBytesMax).contains(key.count), Self.isToken(key) else {
            throw .notAKey(line: number)
        }
        let digest = Self.digest(key)
        var name = "key-" + Hexadecimal.text(digest.prefix(4))
        if let colon {
            let given = line[..<colon]
            guard (1...Self.nameBytesMax).contains(given.count), given.allSatisfy(Self.isNameByte)
            else { throw .notAName(line: number) }
            name = String(decoding: given, as: UTF8.self)
        }
        guard !entries.contains(where: { $0.digest == digest }) else {
            throw .repeated(line: number)
        }
        entries.append(Entry(name: name, digest: digest))
    }

    /// The name of a key; nil when it is none of them.
    ///
    /// Every entry is looked at and every byte compared whatever was found before, so that the time
    /// says nothing of how much was right. What is compared are digests, whose bytes nobody can
    /// choose one by one.
    func name(of key: some Collection<UInt8>) -> String? {
        let digest = Self.digest(key)
        var found: Int?
        for (index, entry) in entries.enumerated() {
            var difference: UInt8 = 0
            for (a, b) in zip(entry.digest, digest) { difference |= a ^ b }
            found = difference == 0 ? index : found
        }
        return found.map { entries[$0].name }
    }

    private static func digest(_ key: some Collection<UInt8>) -> [UInt8] {
        Array(SHA256.hash(data: Array(key)))
    }

    /// RFC 6750 §2.1, `b64token`: what may stand behind `Bearer`.
    private static func isToken(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        let padding = bytes.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        return bytes.dropLast(padding).allSatisfy { byte in
            isNameByte(byte) || "~+/".utf8.contains(byte)
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || "-._".utf8.contains(byte)
    }
}

/// Why a file of keys cannot be used; a clause about the file.
enum APIKeysError: Error, Equatable, CustomStringConvertible {
    case unreadable(reason: String)
    case notAKey(line: Int)
    case notAName(line: Int)
    case repeated(line: Int)
    case tooMany(limit: Int)
    case empty

    /// Names the line, never what stands on it.
    var description: String {
        switch self {
        case .unreadable(let reason): "cannot be read: \(reason)"
        case .notAKey(let line):
            "line \(line) has no key of at least \(APIKeys.keyBytesMin) letters, digits and -._~+/"
        case .notAName(let line):
            "line \(line) has a name that is not 1 to 64 letters, digits and -._ before the colon"
        case .repeated(let line): "line \(line) repeats a key"
        case .tooMany(let limit): "has more than \(limit) keys"
        case .empty: "has no key"
        }
    }
}
