// The header fields of one part of a form, RFC 7578 §4.2 to §4.8.

import HTTPTypes

/// What a part says about itself.
struct PartHeader {
    let name: [UInt8]
    let contentType: String?
    let hasFileName: Bool

    /// Reads header lines from `start` up to the empty line; also returns where the content starts.
    static func parse(
        _ body: [UInt8], from start: Int, limits: MultipartLimits
    ) throws(MultipartError) -> (PartHeader, contentStart: Int) {
        var fields = HTTPFields()
        var lines = LineReader()
        var offset = start
        while true {
            let max = limits.partHeaderBytesMax
            switch lines.read(body.span, from: &offset, lineBytesMax: max) {
            case .needMore:
                throw .malformed(reason: "The multipart body ends inside a part's header.")
            case .malformed(let reason): throw .malformed(reason: reason)
            case .tooLong: throw .partHeaderTooLong(limit: max)
            case .line where lines.line.isEmpty: return (try PartHeader(fields, limits), offset)
            case .line:
                guard fields.count < limits.partHeadersMax else {
                    throw .tooManyPartHeaders(limit: limits.partHeadersMax)
                }
                do throws(HTTPProtocolError) {
                    fields.append(try FieldLine.parse(lines.line))
                } catch {
                    throw .malformed(reason: error.description)
                }
            }
        }
    }

    private init(_ fields: HTTPFields, _ limits: MultipartLimits) throws(MultipartError) {
        let dispositions = fields[fields: .contentDisposition]
        guard dispositions.count == 1, let field = dispositions.first,
            let disposition = unsafe field.withUnsafeBytesOfValue({
                unsafe HeaderParameters(parsing: $0)
            }),
            disposition.hasValue("form-data")
        else {
            throw .malformed(reason: "Every part needs one Content-Disposition: form-data.")
        }
        let names = disposition["name"]
        guard names.count == 1, let name = names.first, !name.isEmpty,
            String(validating: name, as: UTF8.self) != nil
        else {
            throw .malformed(reason: "Every part needs a name in its Content-Disposition.")
        }
        guard name.count <= limits.partNameBytesMax else {
            throw .partNameTooLong(limit: limits.partNameBytesMax)
        }
        guard disposition["filename"].count <= 1 else {
            throw .malformed(reason: "A part must not have two file names.")
        }
        guard fields.allSatisfy(Self.keepsBytes) else { throw .unsupportedTransferEncoding }
        self.name = name
        hasFileName = disposition["filename"].contains { !$0.isEmpty }
        self.contentType = fields[.contentType]
    }

    /// The transfer encodings of RFC 2045 §6 that change nothing.
    private static func keepsBytes(_ field: HTTPField) -> Bool {
        field.name.canonicalName != "content-transfer-encoding"
            || ["7bit", "8bit", "binary"].contains { ASCII.equals(field.value.utf8, $0) }
    }
}
