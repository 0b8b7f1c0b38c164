// The four forms of a request target, RFC 9112 §3.2.

import HTTPTypes

/// Where a request is directed.
public struct RequestTarget: Sendable {
    /// The origin form with its query, as it was sent: `/v1/losses?layers=relu1_2`.
    /// `*` for the asterisk form; the authority itself for the authority form.
    public let originForm: String
    /// The authority of the absolute or authority form; it wins over Host (RFC 9112 §3.2.2).
    public let authority: String?
    /// The path without the query, percent-decoded to ASCII: octets beyond it stay encoded.
    public let path: String
    /// The query parameters in order, percent-decoded as the path is, duplicates kept; `+` is a
    /// space.
    public let query: [(name: String, value: String)]

    /// Reads a target.
    ///
    /// Throws `HTTPProtocolError.badRequest` for a target that is none of the four forms, that has
    /// a fragment, a backslash or octets outside ASCII, or a bad percent-encoding.
    public init(
        parsing target: [UInt8], method: HTTPRequest.Method
    ) throws(HTTPProtocolError) {
        // RFC 9112 §3.2: whitespace and the like would be repaired by guessing; it is refused.
        guard target.allSatisfy(ASCII.isVisible), !target.contains(UInt8(ascii: "#")),
            !target.contains(UInt8(ascii: "\\"))
        else {
            throw .badRequest(
                reason: "The request target must be percent-encoded ASCII without a fragment.")
        }
        if target.first == UInt8(ascii: "/") {
            try self.init(originForm: target[...], authority: nil)
        } else if target.elementsEqual("*".utf8) {
            guard method == .options else {
                throw .badRequest(reason: "The target * is for OPTIONS only.")
            }
            self.init(opaque: "*", authority: nil)
        } else if method == .connect {
            guard Authority.isValid(target) else {
                throw .badRequest(reason: "The target of CONNECT must be host:port.")
            }
            let authority = String(decoding: target, as: UTF8.self)
            self.init(opaque: authority, authority: authority)
        } else {
            try self.init(absoluteForm: target)
        }
    }

    private init(opaque text: String, authority: String?) {
        self.originForm = text
        self.authority = authority
        self.path = text
        self.query = []
    }

    /// `scheme "://" authority path-abempty [ "?" query ]`, with http and https as schemes.
    private init(absoluteForm target: [UInt8]) throws(HTTPProtocolError) {
        guard let colon = target.firstIndex(of: UInt8(ascii: ":")),
            ["http", "https"].contains(where: { ASCII.equals(target[..<colon], $0) }),
            target[colon...].starts(with: "://".utf8)
        else { throw .badRequest(reason: "The request target must begin with a slash.") }
        let rest = target[(colon + 3)...]
        let end =
            rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        guard Authority.isValid(rest[..<end]) else {
            throw .badRequest(reason: "The authority of the request target is not valid.")
        }
        var origin = rest[end...]
        if origin.first != UInt8(ascii: "/") {
            origin = [UInt8(ascii: "/")] + origin
        }
        try self.init(
            originForm: origin, authority: String(decoding: rest[..<end], as: UTF8.self))
    }

    private init(
        originForm bytes: ArraySlice<UInt8>, authority: String?
    ) throws(HTTPProtocolError) {
        let mark = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        guard let path = PercentDecoding.decode(bytes[..<mark], plusIsSpace: false),
            let query = Self.parameters(bytes[mark...].dropFirst())
        else {
            throw .badRequest(reason: "The request target has a bad percent-encoding.")
        }
        self.originForm = String(decoding: bytes, as: UTF8.self)
        self.authority = authority
        self.path = path
        self.query = query
    }

    /// `name=value&…`; a name without `=` has the empty value.
    private static func parameters(
        _ bytes: ArraySlice<UInt8>
    ) -> [(name: String, value: String)]? {
        var parameters: [(name: String, value: String)] = []
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            guard let name = PercentDecoding.decode(pair[..<equals], plusIsSpace: true),
                let value = PercentDecoding.decode(
                    pair[equals...].dropFirst(), plusIsSpace: true)
            else { return nil }
            parameters.append((name, value))
        }
        return parameters
    }
}
