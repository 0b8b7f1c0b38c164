import Service

extension Command {
    static let serve = Command(
        name: "serve", abstract: "Serve losses over HTTP.", settings: Configuration.settings
    ) { invocation throws(Exit) in
        throw Exit(ServiceProcess.run(try invocation.configuration(warns: false)))
    }
}
