import Foundation
import Inference
import Service
import TestSupport
import Testing

/// The README's promises, run as printed.
struct ReadmeTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let text =
        (try? String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)) ?? ""

    /// The commands of `sh` blocks that begin with curl, continued lines joined.
    private static var curls: [String] {
        var isShell = false
        var commands: [String] = []
        for line in text.replacingOccurrences(of: "\\\n", with: " ").components(separatedBy: "\n") {
            if line.hasPrefix("```") { isShell = line.hasPrefix("```sh") }
            if isShell && line.hasPrefix("curl ") { commands.append(line) }
        }
        return commands
    }

    @Test func `runs every curl line against a real server`() throws {
        #expect(!Self.curls.isEmpty, "the README has no curl line in a ```sh block")
        let service = try RunningService.shared.get()
        for command in Self.curls {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = [
                "-c",
                command.replacingOccurrences(
                    of: "localhost:8080", with: "127.0.0.1:\(service.port)"),
            ]
            process.currentDirectoryURL = Self.root
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            var answer = String(
                decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            if let option = command.range(of: " -o ") {
                let path = String(command[option.upperBound...])
                answer = String(
                    decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
                #expect(!answer.isEmpty, "\(command)")
            }
            #expect(process.terminationStatus == 0, "\(command)")
            #expect(!answer.contains("about:blank"), "\(command): \(answer)")
        }
    }

    @Test func `has the table of options that the code has`() {
        #expect(Self.text.contains(Configuration.markdownTable), "\(Configuration.markdownTable)")
    }

    @Test func `has the table of limits without an option that the code has`() {
        #expect(Self.text.contains(FixedLimits.markdownTable), "\(FixedLimits.markdownTable)")
    }

    @Test(arguments: Presets.all.map(\.name))
    func `has a row for every preset`(name: String) {
        let rows = Self.text.components(separatedBy: "\n").filter { $0.hasPrefix("| `") }
        #expect(rows.contains { $0.contains("`\(name)`") }, "\(name)")
    }
}
