import Codecs
import Glibc
import Logging

/// One line an event, for people or for machines, with its metadata sorted by key.
struct LineLogHandler: LogHandler {
    enum Format: String, CaseIterable { case text, json }

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
        let pairs = merged.sorted { $0.key < $1.key }.map { ($0.key, Self.json($0.value)) }
        sink.write(line(event.level, event.message.description, pairs))
    }

    private func line(_ level: Logger.Level, _ message: String, _ pairs: [(String, JSON)])
        -> String
    {
        let time = timestamp()
        switch format {
        case .text:
            let fields = pairs.map { " \($0.0)=\(LogText.json($0.1))" }.joined()
            return "\(time) \(level) \(LogText.plain(message))\(fields)"
        case .json:
            let first: [(String, JSON)] = [
                ("time", .string(time)), ("level", .string("\(level)")),
                ("message", .string(message)),
            ]
            return LogText.json(.object((first + pairs).map { .init($0.0, $0.1) }))
        }
    }

    /// A number to machines is what was logged as one, never text that looks like one: the id of a
    /// request may be all digits.
    private static func json(_ value: Logger.MetadataValue) -> JSON {
        guard case .stringConvertible(let value) = value else {
            return .string(value.description)
        }
        switch value {
        case let integer as any BinaryInteger: return .integer(Int(clamping: integer))
        case let number as any BinaryFloatingPoint: return .number(Double(number))
        case let bool as Bool: return .bool(bool)
        default: return .string(value.description)
        }
    }

    /// RFC 3339 in UTC with milliseconds.
    private func timestamp() -> String {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        var parts = unsafe tm()
        unsafe gmtime_r(&now.tv_sec, &parts)
        func padded(_ number: Int, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = unsafe [
            padded(Int(parts.tm_year) + 1900, 4), padded(Int(parts.tm_mon) + 1),
            padded(Int(parts.tm_mday)),
        ]
        let time = unsafe [
            padded(Int(parts.tm_hour)), padded(Int(parts.tm_min)), padded(Int(parts.tm_sec)),
        ]
        let millisecond = padded(now.tv_nsec / 1_000_000, 3)
        return "\(date.joined(separator: "-"))T\(time.joined(separator: ":")).\(millisecond)Z"
    }
}
