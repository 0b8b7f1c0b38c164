import HTTP
import Service
import Testing

struct ConfigurationTests {
    private let machine = Machine(effectiveCPUs: 3, memoryBytes: 1 << 30)

    private func mistakes(_ flags: [String], _ environment: [String: String] = [:]) -> [String] {
        do {
            _ = try Configuration(flags: flags, environment: environment, machine: machine)
            return []
        } catch {
            return error.mistakes
        }
    }

    @Test func `has the defaults of the documentation`() throws {
        let configuration = try Configuration(machine: machine)
        #expect(configuration.listen == [.tcp(host: "127.0.0.1", port: 8080)])
        let limits = Dictionary(uniqueKeysWithValues: configuration.limits)
        let expected = [
            "max-body-bytes": 256 << 20, "max-image-pixels": 67_108_864, "min-image-side": 16,
            "max-pairs-per-request": 32, "max-header-bytes": 16 << 10, "max-headers": 100,
            "max-uri-bytes": 8 << 10, "max-connections": 1024, "queue-jobs": 64,
            "queue-bytes": (1 << 30) / 10 * 8 / 8, "max-answer-bytes": (1 << 30) / 10 * 8 / 8,
            "buffer-pool-bytes": (1 << 30) / 10 * 8 / 8,
            "workers": 3, "request-timeout-ms": 60_000, "header-timeout-ms": 10_000,
            "body-idle-timeout-ms": 30_000, "keepalive-timeout-ms": 75_000,
            "write-timeout-ms": 30_000,
            "target-cache-bytes": (1 << 30) / 10 * 8 / 4, "drain-delay-ms": 0,
            "shutdown-grace-ms": 25_000,
            "max-memory-bytes": (1 << 30) / 10 * 8,
        ]
        for (key, value) in expected {
            let name = key.replacing("-", with: "_")
            #expect(limits[name] == value, "\(key)")
        }
    }

    /// What one gigabyte has to do without, and what all the memory there is does not change.
    @Test func `derives the shares of memory from the figure in force`() throws {
        for (flags, bytes) in [([], 1 << 34), (["--max-memory-bytes=536870912"], 1 << 34)] {
            let limits = Dictionary(
                uniqueKeysWithValues: try Configuration(
                    flags: flags, machine: Machine(effectiveCPUs: 1, memoryBytes: bytes)
                ).limits)
            let isSmall = !flags.isEmpty
            #expect(limits["queue_bytes"] == (isSmall ? 64 << 20 : 1 << 30))
            #expect(limits["max_answer_bytes"] == (isSmall ? 64 << 20 : 256 << 20))
            #expect(limits["target_cache_bytes"] == (isSmall ? 128 << 20 : 256 << 20))
            #expect(limits["buffer_pool_bytes"] == (isSmall ? 64 << 20 : 192 << 20))
        }
    }

    @Test func `lets a flag win over the environment and that over the default`() throws {
        let environment = ["STYLELOSS_QUEUE_JOBS": "7", "STYLELOSS_MAX_HEADERS": "50"]
        let configuration = try Configuration(
            flags: ["--queue-jobs", "9"], environment: environment, machine: machine)
        let limits = Dictionary(uniqueKeysWithValues: configuration.limits)
        #expect(limits["queue_jobs"] == 9)
        #expect(limits["max_headers"] == 50)
    }

    @Test func `takes several addresses from repeated flags and from commas`() throws {
        let addresses: [ListenAddress] = [.tcp(host: "::1", port: 1), .unix(path: "/tmp/s")]
        let flags = try Configuration(flags: ["--listen=[::1]:1", "--listen", "unix:/tmp/s"])
        #expect(flags.listen == addresses)
        let environment = try Configuration(environment: ["STYLELOSS_LISTEN": "[::1]:1,unix:/tmp/s"]
        )
        #expect(environment.listen == addresses)
    }

    @Test func `reports every mistake at once and by name`() {
        let found = mistakes(
            ["--workers=0", "--nonsense", "1", "--log-level=loud", "--queue-jobs"],
            ["STYLELOSS_LISTEN": "nowhere", "STYLELOSS_MAX_BODY_BYTES": "1e6"])
        let names = [
            "--workers", "--nonsense", "--log-level", "--queue-jobs", "STYLELOSS_LISTEN",
            "STYLELOSS_MAX_BODY_BYTES",
        ]
        #expect(found.count == names.count)
        for name in names { #expect(found.contains { $0.hasPrefix(name + ":") }, "\(name)") }
    }

    @Test(arguments: [
        (["--worker", "2"], "--worker: there is no such option; did you mean --workers?"),
        (
            ["--max-bodybytes=1"],
            "--max-bodybytes: there is no such option; did you mean --max-body-bytes?"
        ),
        (["--colour"], "--colour: there is no such option"),
        (["--workers"], "--workers: a value is missing"),
        (["--workers", "--queue-jobs=1"], "--workers: a value is missing"),
        (["--workers=1", "--workers=2"], "--workers: given more than once"),
        (["--workers="], "--workers: the value is empty"),
        (["--weights", ""], "--weights: the value is empty"),
        (["--workers=two"], "--workers: \"two\" is not a plain integer from 1 to 1024"),
        (
            ["--write-timeout-ms=0"],
            "--write-timeout-ms: \"0\" is not a plain integer of ms from 1 to 3600000"
        ),
        (["--log-format=xml"], "--log-format: \"xml\" is none of text, json"),
        (["--preprocessing=vgg"], "--preprocessing: \"vgg\" is none of caffe, torchvision"),
        (["--listen=:x"], "--listen: \":x\" is not HOST:PORT and not unix:/path"),
    ])
    func `names the option and what is wrong with it`(flags: [String], sentence: String) {
        #expect(mistakes(flags) == [sentence])
    }

    /// Kubernetes sets STYLELOSS_PORT in every container beside a service called styleloss: an
    /// early version refused it.
    @Test func `ignores variables that are no settings`() {
        #expect(mistakes([], ["STYLELOSS_PORT": "tcp://10.0.0.1:80"]).isEmpty)
    }

    @Test(arguments: Configuration.settings)
    func `derives every name from the key`(setting: SettingRow) {
        #expect(setting.flag == "--" + setting.key)
        #expect(setting.environmentName == "STYLELOSS_" + setting.name.uppercased())
        #expect(!setting.help.isEmpty && !setting.help.hasSuffix("."))
    }
}
