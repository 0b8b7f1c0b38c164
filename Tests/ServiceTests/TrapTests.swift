import Foundation
import Testing

/// What can trap, counted by file: whoever adds one reads what SECURITY.md says of the file, says there
/// why bytes from outside cannot reach it, and counts it here.
struct TrapTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// What ends the process, or reads what is not there, where a condition does not hold.
    private static let kinds: [(name: String, pattern: String)] = [
        ("precondition", #"\b(precondition|dispatchPrecondition)\("#),
        ("preconditionFailure", #"\bpreconditionFailure\("#),
        ("fatalError", #"\b(fatalError|assertionFailure)\("#),
        ("force", #"\b(try|as)!|[\w)\]]!(?![=\w])"#),
        ("unchecked", #"\b(unsafeBitCast|unsafelyUnwrapped|assumingMemoryBound|loadUnaligned)\b"#),
        ("pointer", #"\bUnsafe(Mutable)?(Raw)?(Buffer)?Pointer\b|\.baseAddress\b"#),
        ("copy", #"\b(memcpy|memmove|setjmp|png_longjmp|longjmp|calloc|malloc|realloc)\s*\("#),
    ]

    /// Code without what is said about it.
    private static func code(_ text: String) throws -> String {
        try ["(?m)//.*$", #""(\\.|[^"\\\n])*""#].reduce(text) { text, pattern in
            let range = NSRange(text.startIndex..., in: text)
            return try NSRegularExpression(pattern: pattern)
                .stringByReplacingMatches(in: text, range: range, withTemplate: "")
        }
    }

    private static func sources() throws -> [String: String] {
        let modules = [
            "HTTP", "Codecs", "Inference", "Service", "CPNG", "CJPEG", "CZlib", "CMalloc",
        ]
        var sources: [String: String] = [:]
        for module in modules {
            let folder = root.appending(path: "Sources/\(module)")
            let files = try #require(FileManager.default.enumerator(atPath: folder.path))
            for case let path as String in files
            where [".swift", ".c", ".h"].contains(where: path.hasSuffix) {
                sources["\(module)/\(path)"] = try String(
                    contentsOf: folder.appending(path: path), encoding: .utf8)
            }
        }
        return sources
    }

    /// One line a file that has any: its path, and how many of each kind.
    private static func counted() throws -> [String: String] {
        let patterns = try kinds.map { ($0.name, try NSRegularExpression(pattern: $0.pattern)) }
        return try sources().compactMapValues { text -> String? in
            let code = try code(text)
            let counts = patterns.compactMap { name, pattern -> String? in
                let range = NSRange(code.startIndex..., in: code)
                let count = pattern.numberOfMatches(in: code, range: range)
                return count > 0 ? "\(name) \(count)" : nil
            }
            return counts.isEmpty ? nil : counts.joined(separator: ", ")
        }
    }

    private static func written() throws -> [String: String] {
        let file = root.appending(path: "Tests/traps.txt")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        return Dictionary(
            lines.compactMap { line -> (String, String)? in
                let fields = line.split(separator: ": ", maxSplits: 1)
                return fields.count == 2 ? (String(fields[0]), String(fields[1])) : nil
            }, uniquingKeysWith: { first, _ in first })
    }

    /// The paths that the table of SECURITY.md names, those of folders with a star behind: whole ones, and
    /// behind them names in the same folder or places in the same module.
    private static func explained() throws -> [String] {
        let text = try String(contentsOf: root.appending(path: "SECURITY.md"), encoding: .utf8)
        let table = text.components(separatedBy: "## What can trap").last ?? ""
        return table.split(separator: "\n").flatMap { line -> [String] in
            guard line.hasPrefix("| `") else { return [] }
            let place = line.split(separator: "|").first ?? ""
            var folder = ""
            return place.split(separator: "`").compactMap { part -> String? in
                let path = part.hasPrefix("Sources/") ? String(part.dropFirst(8)) : String(part)
                guard [".swift", ".c", "*"].contains(where: path.hasSuffix) else { return nil }
                if part.hasPrefix("Sources/") {
                    folder = path.split(separator: "/").dropLast().joined(separator: "/") + "/"
                    return path
                }
                let module = folder.prefix { $0 != "/" } + "/"
                return path.contains("/") ? module + path : folder + path
            }
        }
    }

    @Test func `what can trap is counted`() throws {
        let (counted, written) = (try Self.counted(), try Self.written())
        for path in Set(counted.keys).union(written.keys).sorted() {
            let line = counted[path].map { "\(path): \($0)" }
            #expect(
                counted[path] == written[path],
                """
                Read what is new in \(path), say in SECURITY.md why bytes cannot reach it, and then \
                say in Tests/traps.txt: \(line ?? "nothing of it")
                """)
        }
        #expect(counted.values.allSatisfy { !$0.contains("force") && !$0.contains("fatal") })
    }

    @Test func `each file that can trap has its reason`() throws {
        let explained = try Self.explained()
        #expect(explained.count > 40)
        let files = Set(try Self.sources().keys)
        func names(_ place: String, _ file: String) -> Bool {
            place.hasSuffix("*") ? file.hasPrefix(place.dropLast()) : file == place
        }
        for place in explained {
            #expect(files.contains { names(place, $0) }, "SECURITY.md names \(place)")
        }
        for file in try Self.counted().keys.sorted() {
            #expect(
                explained.contains { names($0, file) },
                "SECURITY.md does not say why bytes cannot make \(file) trap")
        }
    }
}
