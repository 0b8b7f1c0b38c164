import HTTP

/// The hosts under which the service may be asked: those of `Host`, and of `Origin` where a browser
/// sends one.
///
/// A page of any site can make its visitor's browser post to a service on the visitor's machine, and
/// with a name that it lets point to 127.0.0.1 even read the answer (DNS rebinding). The names such
/// requests come under give them away.
struct AllowedHosts: Sendable, Equatable {
    /// Every name of this machine for itself.
    static let loopback = AllowedHosts(names: ["localhost", "127.0.0.1", "[::1]"])
    static let any = AllowedHosts(names: ["*"])

    /// In lower case, without ports; `*` stands for every name.
    let names: [String]

    private var allowsAny: Bool { names.contains("*") }

    /// Reads one name: a host without a port, an IPv6 address in brackets, or `*`.
    static func name(_ text: String) -> String? {
        guard let host = host(of: text.utf8), host.count == text.utf8.count,
            text == "*" || host.allSatisfy(isNameByte) || isLiteral(host)
        else { return nil }
        return String(decoding: host, as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || "-._".utf8.contains(byte)
    }

    /// An IPv6 address in brackets.
    private static func isLiteral(_ host: [UInt8]) -> Bool {
        host.first == UInt8(ascii: "[") && host.last == UInt8(ascii: "]") && host.count > 2
            && host.dropFirst().dropLast().allSatisfy { byte in
                ASCII.isDigit(byte) || "abcdef:.".utf8.contains(byte)
            }
    }

    /// Whether `Host`, with or without a port, names this service. HTTP/1.0 may have none, which no
    /// browser sends.
    func allows(host: String?) -> Bool {
        guard !allowsAny, let host else { return true }
        return Self.host(of: host.utf8).map(contains) ?? false
    }

    /// Whether a page of that origin may ask (RFC 6454 §7): a scheme and an authority, or `null`.
    func allows(origin: String?) -> Bool {
        guard !allowsAny, let origin else { return true }
        for scheme in ["http://", "https://"] where origin.utf8.starts(with: scheme.utf8) {
            return Self.host(of: origin.utf8.dropFirst(scheme.utf8.count)).map(contains) ?? false
        }
        return false
    }

    private func contains(_ host: [UInt8]) -> Bool {
        names.contains { $0.utf8.elementsEqual(host) }
    }

    /// The host of an authority in lower case; nil when it is longer than any name.
    private static func host(of authority: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        var host = authority.prefix(262).map(ASCII.lowercased)
        if let colon = host.lastIndex(of: UInt8(ascii: ":")),
            host[colon...].dropFirst().allSatisfy(ASCII.isDigit)
        {
            host.removeSubrange(colon...)
        }
        // A name may be written with the dot of the root (RFC 3986 §3.2.2).
        if host.count > 1, host.last == UInt8(ascii: ".") { host.removeLast() }
        return host.isEmpty || host.count > 255 ? nil : host
    }
}
