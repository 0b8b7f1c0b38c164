import Codecs
import HTTP
import HTTPTypes

/// What reading a body may ask for, on the worker that reads it.
package struct Intake: Sendable {
    /// Books memory, beside that of the body as it arrived, before it is taken.
    package let charge: @Sendable (_ bytes: Int) throws(ServiceError) -> Void
    /// Whether nobody waits for the answer any more.
    package let isCancelled: @Sendable () -> Bool

    /// Some 100 µs of work.
    static let bytesBetweenLooks = 1 << 18

    /// - Throws: `deadline_exceeded` once nobody waits any more.
    func look() throws(ServiceError) {
        if isCancelled() { throw .deadlineExceeded }
    }
}

/// Content codings of request bodies (RFC 9110 §8.4).
enum BodyCoding {
    /// The coding a head declares; nil for none.
    ///
    /// - Throws: 415, saying in `Accept-Encoding` what is read (RFC 9110 §15.5.16).
    static func declared(_ fields: HTTPFields) throws(ServiceError) -> ContentCoding? {
        guard let field = fields[.contentEncoding] else { return nil }
        let name = ASCII.trimmed(field.utf8)
        if ASCII.equals(name, "identity") { return nil }
        // RFC 9110 §8.4.1.3: the older name means the same.
        if ASCII.equals(name, "x-gzip") { return .gzip }
        if let coding = ContentCoding.allCases.first(where: { ASCII.equals(name, $0.rawValue) }) {
            return coding
        }
        let names = ContentCoding.allCases.map(\.rawValue).joined(separator: ", ")
        var error = ServiceError(
            .unsupportedEncoding,
            "This Content-Encoding is not read; send the body in one of \(names), or without.")
        error.fields[.acceptEncoding] = names
        throw error
    }
}

extension ServiceRequest {
    /// Undoes the coding of the body, if it has one.
    ///
    /// - Parameter limit: the setting that limits the body, coded and decoded.
    mutating func decodeBody(
        limit: Setting<Int>, _ configuration: Configuration, _ intake: Intake
    ) throws(ServiceError) {
        guard let coding = try BodyCoding.declared(fields) else { return }
        let count: Int
        do {
            count = try coding.decodedByteCount(
                of: body.span, bytesMax: configuration[limit], isCancelled: intake.isCancelled)
        } catch {
            throw ServiceError(error, limit: limit)
        }
        try intake.charge(count)
        do {
            body = try coding.decode(body.span, byteCount: count, isCancelled: intake.isCancelled)
        } catch {
            throw ServiceError(error, limit: limit)
        }
    }
}
