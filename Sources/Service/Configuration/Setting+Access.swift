import HTTP

/// Who may ask.
extension Setting where Value == APIKeysFile? {
    static var apiKeysFile: Self {
        Setting(
            key: "api-keys-file", placeholder: "file",
            help: "API keys, one a line, KEY or NAME:KEY; all but health, / and /openapi.yaml then "
                + "needs one; read again on SIGHUP",
            defaultDescription: "none", standard: { _ in nil }
        ) { texts throws(SettingError) in
            do throws(APIKeysError) {
                return try APIKeysFile(path: texts[0])
            } catch {
                throw SettingError(clause: "\"\(texts[0])\" \(error)")
            }
        }
    }
}

extension Setting where Value == Bool {
    static var metricsNeedKey: Self {
        .flag(
            "metrics-need-key", default: false,
            "Whether /metrics needs a key as well where keys are set")
    }
}

extension Setting where Value == AllowedHosts {
    static var allowedHosts: Self {
        Setting(
            key: "allowed-hosts", placeholder: "host",
            help: "Names under which the service may be asked, in Host and Origin, * for any; "
                + "repeat the flag for several",
            isList: true,
            defaultDescription: "localhost, 127.0.0.1 and [::1] on loopback addresses, else *",
            standard: { $0.listen.allSatisfy(\.isLocal) ? .loopback : .any }
        ) { texts throws(SettingError) in
            var names: [String] = []
            for text in texts {
                guard let name = AllowedHosts.name(text) else {
                    throw SettingError(clause: "\"\(text)\" is not a host without a port, nor *")
                }
                names.append(name)
            }
            return AllowedHosts(names: names)
        }
    }
}

extension Setting where Value == CrossOrigins {
    static var crossOrigins: Self {
        Setting(
            key: "cors-origins", placeholder: "origin",
            help: "Origins whose pages may ask and read answers (CORS), https://HOST:PORT, * for "
                + "any; repeat the flag for several",
            isList: true, defaultDescription: "none", standard: { _ in .none }
        ) { texts throws(SettingError) in
            var origins: [String] = []
            for text in texts {
                guard let origin = CrossOrigins.origin(text) else {
                    throw SettingError(
                        clause: "\"\(text)\" is not an origin, https://HOST:PORT, nor *")
                }
                origins.append(origin)
            }
            return CrossOrigins(origins: origins)
        }
    }
}

extension ListenAddress {
    /// Whether only this machine can connect.
    fileprivate var isLocal: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _):
            host == "localhost" || host == "::1"
                || (host.utf8.starts(with: "127.".utf8)
                    && host.utf8.allSatisfy { ASCII.isDigit($0) || $0 == UInt8(ascii: ".") })
        }
    }
}
