import Glibc
import Logging

/// One line an event, for people or for machines, with its metadata sorted by key.
struct LineLogHandler: LogHandler {
    enum Format: String { case text, json }

    let format: Format
    let sink: LogSink
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let pairs = merged.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
        sink.write(line(event.level, event.message.description, pairs))
    }

    private func line(_ level: Logger.Level, _ message: String, _ pairs: [(String, String)])
        -> String
    {
        let time = timestamp()
        switch format {
        case .text:
            let values = pairs.map { " \($0.0)=\(textValue($0.1))" }.joined()
            return "\(time) \(level) \(textValue(message, isMessage: true))\(values)"
        case .json:
            let members =
                [("time", time), ("level", "\(level)"), ("message", message)] + pairs
            let object = JSON.object(members.map { .init($0.0, jsonValue($0.1)) })
            return String(decoding: object.encode(), as: UTF8.self)
        }
    }

    /// Bytes from clients must not forge a line or drive a terminal.
    private func textValue(_ value: String, isMessage: Bool = false) -> String {
        let clean = value.unicodeScalars.map { scalar -> String in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }.joined()
        return isMessage || !clean.contains(" ") ? clean : "\"\(clean)\""
    }

    /// Plain integers and decimals are numbers to machines.
    private func jsonValue(_ text: String) -> JSON {
        if let integer = Int(text), integer.description == text { return .integer(integer) }
        if let number = Double(text), number.isFinite, number.description == text {
            return .number(number)
        }
        return .string(text)
    }

    /// RFC 3339 in UTC with milliseconds.
    private func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        func padded(_ number: Int, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = [
            padded(Int(parts.tm_year) + 1900, 4), padded(Int(parts.tm_mon) + 1),
            padded(Int(parts.tm_mday)),
        ]
        let time = [
            padded(Int(parts.tm_hour)), padded(Int(parts.tm_min)), padded(Int(parts.tm_sec)),
        ]
        let millisecond = padded(now.tv_nsec / 1_000_000, 3)
        return "\(date.joined(separator: "-"))T\(time.joined(separator: ":")).\(millisecond)Z"
    }
}
