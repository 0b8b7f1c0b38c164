// What can be wrong with a multipart body.

/// Why a multipart body is refused, as one sentence for the client.
public enum MultipartError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The Content-Type is not `multipart/form-data`.
    case notFormData
    /// The boundary parameter is missing, repeated, or not 1 to 70 characters of RFC 2046's set.
    case invalidBoundary
    /// The body breaks RFC 7578; `reason` is a sentence.
    case malformed(reason: String)
    /// More than `limit` parts.
    case tooManyParts(limit: Int)
    /// A part with more than `limit` header fields.
    case tooManyPartHeaders(limit: Int)
    /// A header line of a part over `limit` bytes.
    case partHeaderTooLong(limit: Int)
    /// A part whose name is over `limit` bytes.
    case partNameTooLong(limit: Int)
    /// A part with a Content-Transfer-Encoding that changes its bytes (RFC 7578 §4.7).
    case unsupportedTransferEncoding
    /// Nobody waits for the parts any more.
    case cancelled

    /// One sentence that tells the client what to change.
    public var description: String {
        switch self {
        case .notFormData: "The Content-Type must be multipart/form-data."
        case .invalidBoundary:
            "The Content-Type must have one boundary parameter of 1 to 70 characters; clients that"
                + " make forms set it themselves: leave the Content-Type to them."
        case .malformed(let reason): reason
        case .tooManyParts(let limit): "The multipart body has more than \(limit) parts."
        case .tooManyPartHeaders(let limit): "A part has more than \(limit) header fields."
        case .partHeaderTooLong(let limit): "A header line of a part is over \(limit) bytes."
        case .partNameTooLong(let limit): "The name of a part is over \(limit) bytes."
        case .unsupportedTransferEncoding:
            "Parts must be sent as they are, without a Content-Transfer-Encoding."
        case .cancelled: "The multipart body was not read in time."
        }
    }
}
