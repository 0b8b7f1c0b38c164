import ArgumentParser
import FoundationEssentials
import Glibc
import Service

/// `styleloss`: the service and the same engine without it.
struct CommandLineTool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Version.name,
        abstract: "Style and perceptual losses of images, with VGG.",
        discussion: """
            Examples:
              styleloss serve
              styleloss compare out.png target.png
              styleloss compare out.png target.png --mask mask.png --json
              styleloss compare a.npy b.npy --layout chw --range 0..1 --layers pool1,pool2
            """,
        version: Version.number,
        subcommands: [Serve.self, Compare.self, Info.self, Health.self])

    /// Runs the command line; the result is the exit status.
    static func run() -> Int32 {
        guard Descriptors.occupyStandardStreams() else { return ExitStatus.runtime.rawValue }
        Descriptors.raiseLimit()
        do {
            var command = try parseAsRoot()
            try command.run()
            return ExitStatus.clean.rawValue
        } catch let status as ExitCode {
            return status.rawValue
        } catch {
            let code = exitCode(for: error)
            let text = fullMessage(for: error)
            if code.isSuccess {
                print(text)
            } else if !text.isEmpty {
                printError(text)
            }
            // ArgumentParser's 64 is this program's 2.
            return code == .validationFailure ? ExitStatus.usage.rawValue : code.rawValue
        }
    }

    static func printError(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}

extension Configuration {
    /// The configuration of a command, or the end of it: all mistakes printed, exit status 2.
    static func load(flags: [String]) throws -> Configuration {
        do {
            return try Configuration(flags: flags, environment: ProcessInfo.processInfo.environment)
        } catch {
            for mistake in error.mistakes { CommandLineTool.printError("styleloss: \(mistake)") }
            throw ExitCode(ExitStatus.usage.rawValue)
        }
    }
}

extension Comparison {
    /// The engine of a command, or the end of it with exit status 3.
    static func load(_ configuration: Configuration) throws -> Comparison {
        do {
            return try Comparison(configuration: configuration)
        } catch {
            CommandLineTool.printError("styleloss: \(error)")
            throw ExitCode(ExitStatus.weights.rawValue)
        }
    }
}
