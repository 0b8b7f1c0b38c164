import ArgumentParser
import Service

/// `styleloss health`
struct Health: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a running service whether it is ready; exit status 0 or 1.")

    @Option(
        help: ArgumentHelp(
            "http://HOST:PORT, or an address as --listen takes it.",
            discussion: "The first address of STYLELOSS_LISTEN if not given, else 127.0.0.1:8080."))
    var url: String?

    func run() throws {
        let flags = url.map { ["--listen=\(Self.address($0))"] } ?? []
        let address = try Configuration.load(flags: flags).listen[0]
        guard HealthProbe.isReady(address) else {
            CommandLineTool.printError("styleloss: \(address) is not ready")
            throw ExitCode(ExitStatus.runtime.rawValue)
        }
        print("ready")
    }

    /// A URL's authority; anything else as it is.
    private static func address(_ url: String) -> String {
        guard url.hasPrefix("http://") else { return url }
        return String(url.dropFirst("http://".count).prefix { $0 != "/" })
    }
}
