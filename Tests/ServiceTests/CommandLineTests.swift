import Foundation
import Service
import TestSupport
import Testing

/// The built program, as a person or a container runs it.
struct Program {
    struct Result {
        let status: Int32
        let output: String
        let error: String
    }

    /// The products lie beside the test bundle.
    static let url = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("styleloss")

    static func process(_ arguments: [String], _ environment: [String: String] = [:]) -> Process {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in
            new
        }
        return process
    }

    static func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Result {
        try run(arguments, environment: environment)
    }

    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Result {
        let process = process(arguments, environment)
        let (output, error) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let errors = String(
            decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Result(status: process.terminationStatus, output: text, error: errors)
    }
}

struct CommandLineTests {
    private func file(_ bytes: [UInt8], _ name: String) throws -> String {
        let path = NSTemporaryDirectory() + UUID().uuidString + "-" + name
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test func `compares two files as the service does`() throws {
        let output = try file(Sample.png(1), "a.png")
        let target = try file(Sample.png(2), "b.png")
        let result = try Program.run(
            "compare", output, target, "--layers", "relu1_1,pool1:0.5", "--json")
        #expect(result.status == 0, "\(result.error)")
        let served = try RunningService.shared.get()
            .post("/v1/losses?layers=relu1_1,pool1:0.5", Sample.pair())
        let losses = { (text: String) in
            text.range(of: "\"results\":").map { text[$0.upperBound...].prefix { $0 != "}" } }
        }
        #expect(losses(result.output) == losses(served.text))
        let table = try Program.run("compare", output, target, "--layers", "relu1_1")
        #expect(
            table.output.contains("style") && table.output.contains("relu1_1")
                && table.output.contains("total"))
    }

    @Test func `prints the weights of terms and of layers`() throws {
        let path = try file(Sample.png(1), "a.png")
        let table = try Program.run("compare", path, path, "--layers", "relu1_1,pool1:0.25").output
        let rows = table.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(rows.contains { $0.first == "pool1" && $0.suffix(2) == ["x", "0.25"] }, "\(table)")
        #expect(rows.contains { $0.first == "relu1_1" && $0.suffix(2) == ["x", "1"] }, "\(table)")
    }

    @Test func `reads an image from standard input, and from a pipe`() throws {
        let output = try file(Sample.png(1), "a.png")
        let target = try file(Sample.png(2), "b.png")
        let json = { (text: String) in text.range(of: "\"results\"").map { text[$0.lowerBound...] }
        }
        let expected = try Program.run("compare", output, target, "--layers", "relu1_1", "--json")
        for words in ["- \(target) <\(output)", "<(cat \(output)) \(target)"] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = [
                "-c", "\(Program.url.path) compare \(words) --layers relu1_1 --json",
            ]
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let text = String(
                decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            let end = { (text: Substring?) in text?.prefix { $0 != "}" } }
            #expect(end(json(text)) == end(json(expected.output)), "\(words)")
        }
        let twice = try Program.run("compare", "-", "-")
        #expect(twice.status == 2 && twice.error.contains("standard input"))
    }

    @Test(arguments: [
        ["compare", "A", "A", "--layers", "relu9_9"], ["compare", "A", "A", "--preset", "pcnov"],
        ["compare", "A", "A", "--gram", "x"], ["compare", "A", "A", "-v"], ["help", "nothing"],
        ["completion"], ["completion", "tcsh"], ["completion", "bash", "more"], ["serve", "more"],
        ["--nothing"], ["info", "--json=1"],
    ])
    func `ends with 2 for every mistake in usage`(words: [String]) throws {
        let path = try file(Sample.png(1), "a.png")
        let process = Program.process(words.map { $0 == "A" ? path : $0 })
        let error = Pipe()
        process.standardError = error
        try process.run()
        let text = String(
            decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 2 && text.hasPrefix("styleloss: "), "\(text)")
    }

    @Test func `prints completion that shells understand, with every option`() throws {
        for shell in ["bash", "zsh", "fish"] {
            let result = try Program.run("completion", shell)
            #expect(result.status == 0)
            for setting in Configuration.settings {
                #expect(result.output.contains(setting.key), "\(shell): \(setting.key)")
            }
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = [
            "-c",
            "source <(\(Program.url.path) completion bash); COMP_WORDS=(styleloss compare --lay) "
                + "COMP_CWORD=2; _styleloss; echo ${COMPREPLY[@]}",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(text == "--layers --layout\n")
    }

    @Test func `tells of variables that mean nothing, and not of those of Kubernetes`() throws {
        let path = try file(Sample.png(1), "a.png")
        let result = try Program.run(
            "compare", path, path, "--layers", "relu1_1",
            environment: [
                "STYLELOSS_WORKRES": "2", "STYLELOSS_PORT": "tcp://10.0.0.1:8080",
                "STYLELOSS_SERVICE_HOST": "10.0.0.1", "STYLELOSS_SERVICE_PORT": "8080",
                "STYLELOSS_SERVICE_PORT_HTTP": "8080", "STYLELOSS_PORT_8080_TCP_ADDR": "10.0.0.1",
                "STYLELOSS_PORT_8080_TCP": "tcp://10.0.0.1:8080",
            ])
        #expect(result.status == 0)
        #expect(
            result.error
                == "STYLELOSS_WORKRES: there is no such setting; did you mean STYLELOSS_WORKERS?\n")
    }

    @Test func `ends with 1 and the sentence for a bad input`() throws {
        let text = try file(Array("no image".utf8), "x.png")
        let result = try Program.run("compare", text, text)
        #expect(result.status == 1)
        #expect(
            result.error == "styleloss: \(text) is none of PNG, JPEG and npy; give one of them.\n")
        let page = try file(Array("<html>".utf8), "x.html")
        let markup = try Program.run("compare", page, text).error
        #expect(markup.contains("\(page) looks like HTML"), "\(markup)")
        #expect(try Program.run("compare", "/nowhere.png", text).status == 1)
    }

    @Test func `ends with 2 for usage, with every mistake by name`() throws {
        let result = try Program.run("serve", "--workers=x", "--bogus=1")
        #expect(result.status == 2)
        #expect(result.error.contains("--workers") && result.error.contains("--bogus"))
        let command = try Program.run("servee")
        #expect(command.status == 2)
        #expect(command.error.contains("there are serve, compare, info, health, completion"))
        let compare = try Program.run("compare", "a.png", "--layrs=x", "--workers=0")
        #expect(compare.status == 2)
        #expect(
            compare.error == """
                styleloss: TARGET: it is missing
                styleloss: --layrs: there is no such option; did you mean --layers?
                styleloss: --workers: "0" is not a plain integer from 1 to 1024

                """)
        #expect(try Program.run("health", "--url", "http://x").status == 2)
    }

    @Test func `ends with 3 for weights that are none`() throws {
        let path = try file(Array("not safetensors at all".utf8), "w.safetensors")
        let result = try Program.run("serve", "--listen=127.0.0.1:0", "--weights", path)
        #expect(result.status == 3)
        #expect(result.error.split(separator: "\n").contains { $0.hasPrefix("styleloss: ") })
        #expect(try Program.run("info", "--weights", "/nowhere").status == 3)
        let image = try file(Sample.png(1), "mask.png")
        let sentence = try Program.run("info", "--weights", image).error
        #expect(
            sentence.contains("this is not a safetensors file; it looks like PNG"), "\(sentence)")
    }

    @Test func `ends with 1 and one line when the port is taken`() throws {
        let port = try RunningService.shared.get().port
        let result = try Program.run("serve", "--listen=127.0.0.1:\(port)")
        #expect(result.status == 1)
        #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
        #expect(result.error.contains("choose another with --listen"), "\(result.error)")
    }

    @Test func `prints its version, its help and what runs`() throws {
        #expect(try Program.run("--version").output == Version.number + "\n")
        #expect(try Program.run("--help").output.contains("compare"))
        let help = try Program.run("serve", "--help").output
        for setting in Configuration.settings {
            #expect(help.contains(setting.flag), "\(setting.flag)")
        }
        let options = try Program.run("compare", "--help").output
        for name in Comparison.optionNames {
            #expect(options.contains("--" + name.replacingOccurrences(of: "_", with: "-")))
        }
        let info = try Program.run("info", "--json")
        #expect(info.output.contains(#""name":"vgg16-imagenet""#), "\(info.error)")
    }

    @Test func `asks a service for its health`() throws {
        let port = try RunningService.shared.get().port
        #expect(try Program.run("health", "--url", "http://127.0.0.1:\(port)/").status == 0)
        #expect(
            try Program.run("health", environment: ["STYLELOSS_LISTEN": "0.0.0.0:\(port)"]).status
                == 0)
        #expect(try Program.run("health", "--url", "unix:/nowhere.sock").status == 1)
    }

    @Test func `drains at SIGTERM and ends with 0`() throws {
        let process = Program.process(["serve", "--listen=127.0.0.1:0", "--log-format=json"])
        let error = Pipe()
        process.standardError = error
        try process.run()
        var log = ""
        while !log.contains("\"message\":\"ready\""), process.isRunning {
            log += String(decoding: error.fileHandleForReading.availableData, as: UTF8.self)
        }
        #expect(log.contains("listening"))
        process.terminate()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 0)
    }
}
