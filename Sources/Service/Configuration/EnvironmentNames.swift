/// Variables of the environment whose names begin as those of our settings do.
enum EnvironmentNames {
    static let prefix = "STYLELOSS_"

    /// The variables that are meant for this program.
    ///
    /// Kubernetes describes every service of a namespace to the containers beside it in variables that
    /// begin with the service's name (`{SVCNAME}_SERVICE_HOST` and Docker's `{SVCNAME}_PORT_80_TCP`):
    /// of a service called styleloss, or styleloss-something, those look like ours and are not, even
    /// where one has the name of a setting.
    static func meant(_ environment: [String: String]) -> [String: String] {
        environment.filter { name, value in
            name.hasPrefix(prefix) && !isOfKubernetes(name, value)
        }
    }

    /// A sentence for each that is no setting.
    static func warnings(_ environment: [String: String], _ settings: [SettingRow]) -> [String] {
        let known = settings.map(\.environmentName)
        return meant(environment).keys.filter { !known.contains($0) }.sorted().map { name in
            let near = name.nearest(of: known).map { "; did you mean \($0)?" } ?? ""
            return "\(name): there is no such setting\(near)"
        }
    }

    private static func isOfKubernetes(_ name: String, _ value: String) -> Bool {
        if name.hasSuffix("_SERVICE_HOST") || name.hasSuffix("_SERVICE_PORT")
            || name.contains("_SERVICE_PORT_")
        {
            return true
        }
        let isAddress = ["tcp://", "udp://", "sctp://"].contains { value.hasPrefix($0) }
        if name.hasSuffix("_PORT"), isAddress { return true }
        // STYLELOSS_PORT_8080_TCP, and with _PROTO, _PORT or _ADDR behind it.
        let words = name.split(separator: "_")
        return words.indices.dropLast(2).contains { index in
            words[index] == "PORT" && words[index + 1].allSatisfy(\.isNumber)
                && ["TCP", "UDP", "SCTP"].contains(words[index + 2])
        }
    }
}
