import HTTP
import Service

extension Command {
    static let health = Command(
        name: "health",
        abstract: "Ask a running service whether it is ready; exit status 0 or 1.",
        options: [
            Option(
                name: "url", placeholder: "url",
                help: "http://HOST:PORT instead of the first address of --listen.")
        ],
        settings: [Configuration.listenSetting]
    ) { invocation throws(Exit) in
        let configured = try invocation.configuration(warns: false).listen[0]
        let address = try invocation.value(of: "url").map(Self.address) ?? configured
        guard HealthProbe.isReady(address) else {
            throw Exit(.runtime, ["\(address) is not ready"])
        }
        throw Exit(.clean, "ready")
    }

    /// A URL's authority; what is no URL may be an address as --listen takes it.
    private static func address(_ url: String) throws(Exit) -> ListenAddress {
        let scheme = "http://"
        let authority =
            url.hasPrefix(scheme) ? String(url.dropFirst(scheme.count).prefix { $0 != "/" }) : url
        do {
            return try ListenAddress(parsing: authority)
        } catch {
            throw Exit(.usage, ["--url: \"\(url)\" is not http://HOST:PORT"])
        }
    }
}
