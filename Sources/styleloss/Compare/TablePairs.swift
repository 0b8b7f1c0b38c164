import Codecs
import Service

/// The rows of a CSV file (RFC 4180) as pairs: `output`, `target` and perhaps `mask`, as its first row
/// names them. A row that cannot be read is a pair with its refusal.
struct TablePairs: Sequence, IteratorProtocol {
    private static let columns = ["output", "target", "mask"]

    private let path: String
    /// The folder that paths are relative to; nil for the working directory.
    private let folder: String?
    /// Where each of the columns is.
    private let places: [Int?]
    private let width: Int
    private var reader: CSVReader
    private var first: CSVRow?

    /// Opens the file, or standard input for `-`, and reads as far as the first pair.
    init(_ path: String) throws(Exit) {
        self.path = path
        let header: CSVRow?
        do {
            let stream = try ByteStream(path: path)
            reader = CSVReader { () throws(MappedFileError) -> [UInt8] in try stream.next() }
            header = try reader.next()
            first = try reader.next()
        } catch {
            throw Exit(.usage, ["--pairs: \(path): \(error)"])
        }
        let names = header?.fields ?? []
        places = Self.columns.map { column in
            names.firstIndex { $0.utf8.elementsEqual(column.utf8) }
        }
        width = names.count
        guard header?.fault == nil, places[0] != nil, places[1] != nil else {
            let found = Self.line(names)
            throw Exit(
                .usage,
                [
                    "--pairs: the first row of \(path) has to name the columns: output,target or "
                        + "output,target,mask; it is \"\(found)\""
                ])
        }
        guard first != nil else { throw Exit(.usage, ["--pairs: there is no pair in \(path)"]) }
        let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        folder = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) }
        let others = names.indices.filter { !places.contains($0) }.map { names[$0] }
        if !others.isEmpty {
            CommandLineTool.printError("\(path): not read are the columns \(Self.line(others))")
        }
    }

    /// Fields for a sentence.
    private static func line(_ fields: [String]) -> String {
        String(fields.joined(separator: ",").prefix(80))
    }

    var hasMasks: Bool { places[2] != nil }

    mutating func next() -> ComparedPair? {
        let row: CSVRow?
        if let first {
            row = first
            self.first = nil
        } else {
            do {
                row = try reader.next()
            } catch {
                // The reader is not asked again: what is behind the fault is lost, and said to be.
                reader = CSVReader { [] }
                let refusal = "\(path): \(error) Nothing behind it was read."
                return ComparedPair(output: "", target: "", refusal: refusal)
            }
        }
        return row.map(pair)
    }

    private func pair(_ row: CSVRow) -> ComparedPair {
        func field(_ index: Int) -> String {
            guard let place = places[index], place < row.fields.count else { return "" }
            return row.fields[place]
        }
        let mask = field(2)
        return ComparedPair(
            output: field(0), target: field(1), mask: mask.isEmpty ? nil : mask, folder: folder,
            refusal: refusal(row, output: field(0), target: field(1)))
    }

    private func refusal(_ row: CSVRow, output: String, target: String) -> String? {
        let (first, last) = (row.lines.lowerBound, row.lines.upperBound)
        let place = first == last ? "Line \(first)" : "The row on lines \(first) to \(last)"
        if let fault = row.fault { return "\(place) of \(path) \(fault)." }
        guard row.fields.count == width else {
            return "\(place) of \(path) has \(row.fields.count) fields, and the first row has "
                + "\(width)."
        }
        guard !output.isEmpty, !target.isEmpty else {
            return "\(place) of \(path) has no \(output.isEmpty ? "output" : "target")."
        }
        guard !row.fields.contains(where: { $0.utf8.contains(0) }) else {
            return "\(place) of \(path) has a NUL, and no path may."
        }
        return nil
    }
}
