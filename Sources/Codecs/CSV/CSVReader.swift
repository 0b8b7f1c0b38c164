/// Reads comma-separated values (RFC 4180) record by record, in memory that does not depend on how
/// many there are.
///
/// Lines end with CRLF, LF or CR; a byte order mark at the start, as Excel writes it, is not part of
/// the first field; blank lines are no records. After a fault the next record is the one on the next
/// line.
public struct CSVReader {
    /// Longer records are a quote that was not closed.
    public static let rowBytesMax = 1 << 20

    static let quote = UInt8(ascii: "\"")
    static let comma = UInt8(ascii: ",")
    static let cr = UInt8(ascii: "\r")
    static let lf = UInt8(ascii: "\n")
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Where in a field the next octet stands.
    private enum Place { case start, plain, quoted, afterQuote, beyondFault }

    private let read: () throws(MappedFileError) -> [UInt8]
    private var chunk: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    private var place = Place.start
    private var field: [UInt8] = []
    private var fields: [[UInt8]] = []
    private var rowBytes = 0
    private var fault: CSVFault?
    private var line = 1
    private var firstLine = 1
    private var endsWithCR = false
    // Octets of the mark that have been seen; all of them once it is known whether there is one.
    private var markBytes = 0

    /// - Parameter read: gives the next bytes of the text, none at its end.
    public init(_ read: @escaping () throws(MappedFileError) -> [UInt8]) { self.read = read }

    /// The next record; nil behind the last one.
    public mutating func next() throws(MappedFileError) -> CSVRow? {
        while !isAtEnd {
            while position < chunk.count {
                let octet = chunk[position]
                position += 1
                if let row = take(octet) { return row }
            }
            chunk = try read()
            position = 0
            if chunk.isEmpty { return end() }
        }
        return nil
    }

    private mutating func end() -> CSVRow? {
        isAtEnd = true
        if place == .quoted { fault = .unclosedQuote }
        return endRow(on: line)
    }

    private mutating func take(_ octet: UInt8) -> CSVRow? {
        if markBytes < Self.byteOrderMark.count {
            guard octet != Self.byteOrderMark[markBytes] else {
                markBytes += 1
                return nil
            }
            field = Array(Self.byteOrderMark[..<markBytes])
            if markBytes > 0 { place = .plain }
            markBytes = Self.byteOrderMark.count
        }
        let isSecondOfCRLF = endsWithCR && octet == Self.lf
        endsWithCR = octet == Self.cr
        // The line feed of a CRLF has been counted with its carriage return.
        if isSecondOfCRLF, place != .quoted { return nil }
        let lineOfOctet = line
        if octet == Self.cr || (octet == Self.lf && !isSecondOfCRLF) { line += 1 }
        rowBytes += 1
        if rowBytes > Self.rowBytesMax {
            fault = .tooLong(bytesMax: Self.rowBytesMax)
            isAtEnd = true
            return endRow(on: lineOfOctet)
        }
        return step(octet, on: lineOfOctet)
    }

    private mutating func step(_ octet: UInt8, on line: Int) -> CSVRow? {
        switch (place, octet) {
        case (.quoted, Self.quote): place = .afterQuote
        case (.quoted, _): field.append(octet)
        case (_, Self.cr), (_, Self.lf): return endRow(on: line)
        case (.beyondFault, _): break
        case (_, Self.comma): endField()
        case (.start, Self.quote): place = .quoted
        case (.plain, Self.quote): fail(.quoteInPlainField)
        case (.afterQuote, Self.quote):
            field.append(octet)
            place = .quoted
        case (.afterQuote, _): fail(.textAfterQuote)
        case (.start, _), (.plain, _):
            field.append(octet)
            place = .plain
        }
        return nil
    }

    private mutating func fail(_ fault: CSVFault) {
        self.fault = fault
        place = .beyondFault
    }

    private mutating func endField() {
        fields.append(field)
        field = []
        place = .start
    }

    /// nil for a blank line.
    private mutating func endRow(on line: Int) -> CSVRow? {
        if fault == nil { endField() }
        defer {
            (fields, field, fault) = ([], [], nil)
            (place, rowBytes, firstLine) = (.start, 0, self.line)
        }
        guard fault != nil || fields != [[]] else { return nil }
        var texts: [String] = []
        for octets in fields {
            guard let text = String(validating: octets, as: UTF8.self) else {
                fault = fault ?? .notUTF8
                break
            }
            texts.append(text)
        }
        return CSVRow(lines: firstLine...max(firstLine, line), fields: texts, fault: fault)
    }
}
