/// A record of comma-separated values (RFC 4180).
public struct CSVRow: Sendable, Equatable {
    /// The lines of the text that it stands on, from 1; several where a field in quotes has line ends.
    public let lines: ClosedRange<Int>
    /// Its fields without their quotes; those before the fault where there is one.
    public let fields: [String]
    /// What is wrong with it; nil as a rule.
    public let fault: CSVFault?

    /// The text of a record, with the line end of RFC 4180: fields are put in quotes where they have to
    /// be.
    public static func text(_ fields: [String]) -> String {
        fields.map(quoted).joined(separator: ",") + "\r\n"
    }

    private static func quoted(_ field: String) -> String {
        let special: [UInt8] = [CSVReader.quote, CSVReader.comma, CSVReader.cr, CSVReader.lf]
        guard field.utf8.contains(where: special.contains) else { return field }
        var octets = [CSVReader.quote]
        for octet in field.utf8 {
            if octet == CSVReader.quote { octets.append(octet) }
            octets.append(octet)
        }
        return String(decoding: octets + [CSVReader.quote], as: UTF8.self)
    }
}

/// Why a record cannot be read.
public enum CSVFault: Error, Sendable, Equatable, CustomStringConvertible {
    case quoteInPlainField
    case textAfterQuote
    case unclosedQuote
    case tooLong(bytesMax: Int)
    case notUTF8

    /// A clause that goes behind "the record".
    public var description: String {
        switch self {
        case .quoteInPlainField:
            "has a quote inside a field that does not begin with one; put the field in quotes, and "
                + "double those in it"
        case .textAfterQuote:
            "has text behind a quote that ends a field; double the quotes inside a field"
        case .unclosedQuote:
            "has a quote that is not closed, so everything behind it was taken for one field"
        case .tooLong(let bytesMax):
            "has more than \(bytesMax) bytes, as when a quote is not closed; nothing behind it was read"
        case .notUTF8: "is not UTF-8; save the file as UTF-8"
        }
    }
}
