import Foundation
import Glibc
import TestSupport
import Testing

/// `styleloss compare` as a process: what it refuses, how it ends, what it shows meanwhile.
struct CompareRunTests {
    private let files: PairFiles

    init() throws {
        files = try PairFiles("out", "gt", "empty")
        try files.write("out/a.png", Sample.png(1))
        try files.write("gt/a.png", Sample.png(2))
    }

    /// A table with one pair again and again.
    private func table(rows: Int) throws -> String {
        try files.write(
            "pairs.csv",
            "output,target\n" + String(repeating: "out/a.png,gt/a.png\n", count: rows))
    }

    @Test(arguments: [
        ("out gt/a.png", "out is a folder and gt/a.png is none"),
        ("out/a.png gt", "gt is a folder and out/a.png is none"),
        ("out nowhere", "out is a folder and nowhere is none"),
        ("out empty", "empty: there is no file in the folder"),
        ("empty gt", "empty: there is no file in the folder"),
        ("out gt --mask gt/a.png", "--mask: gt/a.png is no folder"),
        ("out gt --map m.png", "--map: it is for two files"),
        ("out gt --format xml", "--format: \"xml\" is none of table, csv, jsonl, json"),
        ("out gt --json --format csv", "--json: it contradicts --format csv"),
        ("out gt --layers relu9_9", "relu9_9"),
        ("out gt --preset lpips-vgg", "--weights FILE"),
        ("out gt --loss gt/a.png", "--loss: gt/a.png is not JSON"),
        ("--pairs nowhere.csv", "--pairs: nowhere.csv: The file does not exist."),
        ("--pairs out", "--pairs: out: The path does not name a regular file."),
        ("--pairs gt/a.png", "--pairs: the first row of gt/a.png has to name the columns"),
        ("--pairs none.csv", "--pairs: there is no pair in none.csv"),
        ("--pairs semicolons.csv", "it is \"output;target\""),
        ("--pairs none.csv --mask gt", "--mask: with --pairs it is a column of the table"),
        ("--pairs one.csv --output one.csv", "--output: it is the table of pairs"),
        ("out gt --pairs one.csv", "out: nothing is expected here"),
        ("out", "TARGET: it is missing"),
    ])
    func `refuses what says not which pairs, or not how`(words: String, sentence: String) throws {
        try files.write("none.csv", "output,target\n\n")
        try files.write("semicolons.csv", "output;target\na;b\n")
        try files.write("one.csv", "output,target\nout/a.png,gt/a.png\n")
        let result = try run("compare \(words)")
        #expect(result.status == 2, "\(result.output)\(result.error)")
        #expect(result.error.contains(sentence), "\(result.error)")
    }

    /// In the folder of the files, through a shell.
    private func run(_ command: String) throws -> Program.Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", "'\(Program.url.path)' \(command)"]
        process.currentDirectoryURL = files.folder
        let (output, error) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let errors = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Program.Result(
            status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
            error: String(decoding: errors, as: UTF8.self))
    }

    @Test(arguments: ["/nowhere/report.csv", "out", "/dev/full"])
    func `says when a report cannot be written`(path: String) throws {
        let result = try run("compare out gt --format csv --output \(path)")
        #expect(result.status == 1)
        #expect(result.error.contains("\(path): it cannot be written: "), "\(result.error)")
    }

    /// Memory of a walk grows with the width: some 9 KB a pixel.
    @Test func `a pair that takes more memory than there may be is a line, and no other`() throws {
        let wide = Sample.png(1, width: 40_000, height: 16, colorType: 0)
        for folder in ["out", "gt"] { try files.write("\(folder)/wide.png", wide) }
        let result = try run(
            "compare out gt --layers relu1_2 --format jsonl --max-memory-bytes 268435456")
        #expect(result.status == 1)
        let lines = result.output.split(separator: "\n")
        #expect(lines.count == 2 && lines[0].contains("\"total\":"), "\(result.output)")
        #expect(lines.last?.contains("max-memory-bytes leaves") == true, "\(result.output)")
    }

    @Test func `reads a table from standard input, relative to where it is`() throws {
        let result = try run(
            "compare --pairs - --format jsonl <<<$'output,target\\nout/a.png,gt/a.png'")
        #expect(result.status == 0 && result.output.contains("\"total\":"), "\(result.error)")
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `ends at a signal with what was written`(signal: Int32) throws {
        let process = Program.process(
            ["compare", "--pairs", try table(rows: 100_000), "--format", "json"])
        let (output, error) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        try process.run()
        var text = Data()
        while !text.contains(UInt8(ascii: "{")) {
            text += output.fileHandleForReading.availableData
        }
        kill(process.processIdentifier, signal)
        text += output.fileHandleForReading.readDataToEndOfFile()
        let errors = String(
            decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 128 + signal)
        let objects = try #require(JSONSerialization.jsonObject(with: text) as? [[String: Any]])
        #expect((1..<100_000).contains(objects.count))
        #expect(objects.allSatisfy { $0["result"] != nil })
        #expect(errors.contains("interrupted after \(objects.count) pairs"), "\(errors)")
    }

    @Test func `shows progress on a terminal alone`() throws {
        #expect(try !run("compare out gt").error.contains(" a second"))
        // pty(7), by the requests that grantpt(3) and its like make.
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var (lock, number): (Int32, Int32) = (0, 0)
        let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
        try #require(terminal >= 0)
        try #require(ioctl(terminal, setLock, &lock) == 0)
        try #require(ioctl(terminal, getNumber, &number) == 0)
        let line = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        try #require(line >= 0)
        let process = Program.process(["compare", files.path("out"), files.path("gt")])
        process.standardOutput = Pipe()
        process.standardError = FileHandle(fileDescriptor: line, closeOnDealloc: true)
        try process.run()
        process.waitUntilExit()
        let text = String(
            decoding: FileHandle(fileDescriptor: terminal, closeOnDealloc: true).availableData,
            as: UTF8.self)
        #expect(text.contains("1 of 1 pairs, "), "\(text)")
    }
}
