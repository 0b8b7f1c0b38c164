import Dispatch
import Glibc
import HTTP
import Inference

/// How the process ends.
public enum ExitStatus: Int32, Sendable {
    case clean = 0
    /// Something failed while running, a port that is taken included.
    case runtime = 1
    /// The command line or the environment.
    case usage = 2
    case weights = 3
    /// SIGINT, as a shell says it.
    case interrupted = 130
    /// SIGTERM.
    case terminated = 143
}

/// The service as a process: from its configuration to its exit status.
public final class ServiceProcess: Sendable {
    private let service: LossService
    private let sink: LogSink
    private let systemd = SystemdNotifier()
    private let done = DispatchSemaphore(value: 0)
    /// Signals arrive here, one after the other.
    private let signals = DispatchQueue(label: "styleloss.signals")

    /// Serves until SIGTERM or SIGINT, and returns when what was queued and running is finished.
    public static func run(_ configuration: Configuration) -> ExitStatus {
        Allocator.configure()
        Signals.ignoreMeaningless()
        let sink = LogSink(bufferBytesMax: configuration[.logBufferBytes])
        defer { sink.flush(timeoutMs: 1000) }
        do {
            return ServiceProcess(
                try LossService(configuration: configuration, sink: sink), sink
            ).run()
        } catch {
            var remedy = ""
            if case .system(_, _, EADDRINUSE) = error { remedy = "; choose another with --listen" }
            sink.write("\(Version.name): \(error)\(remedy)")
            return .runtime
        }
    }

    private init(_ service: LossService, _ sink: LogSink) {
        self.service = service
        self.sink = sink
    }

    private func run() -> ExitStatus {
        let sources =
            [SIGTERM, SIGINT].map(source)
            + [Signals.source(SIGHUP, on: signals) { [self] in reloadKeys() }]
        defer { for source in sources { source.cancel() } }
        logListening()
        let start = ContinuousClock.now
        do {
            try service.load()
        } catch {
            sink.write("\(Version.name): \(error)")
            return .weights
        }
        let models = service.context.readiness.loadedModels
        let names = (models?.all ?? []).map(\.network.name).joined(separator: ", ")
        service.logger.info(
            "ready",
            metadata: [
                "models": "\(names)",
                "instruction_set": "\(models?.instructionSet.rawValue ?? "")",
                "workers": .stringConvertible(service.context.pool.workers),
                "load_ms": .stringConvertible(start.duration(to: .now).milliseconds.rounded()),
            ])
        for warning in models?.warnings ?? [] {
            service.logger.warning("\(warning.detail)", metadata: ["code": "\(warning.code)"])
        }
        tell(.ready)
        done.wait()
        service.logger.info("stopped")
        return .clean
    }

    private func tell(_ message: SystemdNotifier.Message) {
        guard let systemd, !systemd.send(message) else { return }
        service.logger.warning(
            "systemd was not told", metadata: ["message": "\(message.rawValue)"])
    }

    private func reloadKeys() {
        guard let file = service.configuration[.apiKeysFile] else { return }
        do {
            try file.reload()
            service.logger.info(
                "API keys read again", metadata: ["keys": .stringConvertible(file.keys.count)])
        } catch {
            service.logger.error(
                "the API keys stay as they were", metadata: ["reason": "\(file.path) \(error)"])
        }
    }

    private func logListening() {
        let configuration = service.configuration
        let addresses = service.boundAddresses.map(\.description).joined(separator: ", ")
        let connections = LossService.limits(configuration).connectionsMax
        service.logger.info(
            "listening",
            metadata: [
                "address": "\(addresses)", "connections": .stringConvertible(connections),
                "open_files": .stringConvertible(configuration.machine.openFilesMax),
            ])
        for warning in configuration.warnings { service.logger.warning("\(warning)") }
        if connections < configuration[.maxConnections] {
            service.logger.warning(
                "fewer connections than max-connections asks for: raise the limit of open files",
                metadata: ["connections": .stringConvertible(connections)])
        }
    }

    /// The first signal drains; the second ends the process at once, as if none had been caught.
    private func source(_ number: Int32) -> any DispatchSourceSignal {
        Signals.source(number, on: signals) { [self] in
            guard service.context.readiness.beginsDraining() else { _exit(128 + number) }
            service.logger.info("draining", metadata: ["signal": .stringConvertible(number)])
            tell(.stopping)
            service.drain { self.done.signal() }
        }
    }
}
