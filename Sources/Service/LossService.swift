import Dispatch
import HTTP
import Inference
import Logging

/// The service: configuration, model, queue, routes and server put together. Nothing else composes
/// them.
public final class LossService: Sendable {
    /// The configuration in force.
    public let configuration: Configuration
    /// The addresses served, with the real port where 0 was asked for.
    public var boundAddresses: [ListenAddress] { server.boundAddresses }

    /// The threads that compute.
    public var pool: WorkerPool { context.pool }
    /// Every path with its methods, as openapi.yaml has them.
    public var operations: [(path: String, methods: [String])] {
        router.routes.map { route in (route.pattern, route.operations.keys.map(\.rawValue).sorted())
        }
    }

    let context: ServiceContext
    let logger: Logger
    private let server: HTTPServer
    private let router: Router
    private let handler: RequestHandler
    private let trimmer: MemoryTrimmer

    /// Binds and starts to listen: alive from here on, ready after `load`.
    ///
    /// - Throws: `SocketError` when an address cannot be had.
    public convenience init(configuration: Configuration, sink: LogSink) throws(SocketError) {
        try self.init(configuration: configuration, sink: sink, adding: [])
    }

    /// The same with routes beside those of the API: endpoints that fail as a test wants it.
    package init(
        configuration: Configuration, sink: LogSink, adding routes: [Route]
    ) throws(SocketError) {
        self.configuration = configuration
        logger = Self.logger(configuration, sink)
        context = ServiceContext(configuration: configuration)
        router = Router(context, adding: routes)
        handler = RequestHandler(
            context: context, router: router, accessLog: AccessLog(logger: logger))
        server = try HTTPServer(
            addresses: configuration.listen, unixSocketMode: configuration[.unixSocketMode],
            limits: Self.limits(configuration), handler: handler)
        let metrics = context.metrics
        trimmer = MemoryTrimmer { metrics.jobsRunning.value > 0 ? nil : metrics.jobsOver }
        let server = server
        context.server.set(server)
        server.start()
    }

    /// Maps the weights and runs those of the first network once; ready after that.
    public func load() throws(WeightsError) {
        let models = try ModelLoader(configuration: configuration).load()
        do {
            try context.pool.runAndWait { team in
                try ModelLoader.warmUp(models.standard, team: team)
            }
        } catch {
            throw WeightsError(description: "The weights do not run: \(error).")
        }
        context.readiness.becomeReady(models)
    }

    /// Not ready any more: serves for the drain delay, then finishes what it has within the grace,
    /// then calls back.
    public func drain(completion: @escaping @Sendable () -> Void) {
        _ = context.readiness.beginsDraining()
        server.drain()
        let delay = DispatchTimeInterval.milliseconds(configuration[.drainDelayMs])
        DispatchQueue.global().asyncAfter(deadline: .now() + delay) {
            self.context.readiness.startStopping()
            self.server.shutdown(graceMs: self.configuration[.shutdownGraceMs]) {
                self.context.pool.stop()
                completion()
            }
        }
    }

    /// What the configuration asks of the server, as far as the process has descriptors for it.
    static func limits(_ configuration: Configuration) -> HTTPServerLimits {
        var limits = HTTPServerLimits()
        limits.headerBytesMax = configuration[.maxHeaderBytes]
        limits.headersMax = configuration[.maxHeaders]
        limits.uriBytesMax = configuration[.maxURIBytes]
        let places = ConnectionPlaces(
            asked: configuration[.maxConnections], reserved: configuration[.reservedConnections],
            listeners: configuration.listen.count, openFilesMax: configuration.machine.openFilesMax)
        (limits.connectionsMax, limits.reservedConnections) = (places.served, places.reserved)
        limits.arrivingBytesMax = configuration[.queueBytes]
        limits.headerTimeoutMs = configuration[.headerTimeoutMs]
        limits.bodyIdleTimeoutMs = configuration[.bodyIdleTimeoutMs]
        limits.keepaliveTimeoutMs = configuration[.keepaliveTimeoutMs]
        limits.writeTimeoutMs = configuration[.writeTimeoutMs]
        limits.bytesPerSecondMin = configuration[.minBytesPerSecond]
        limits.paceGraceMs = configuration[.paceGraceMs]
        limits.lingerTimeoutMs = configuration[.lingerTimeoutMs]
        limits.lingerIdleTimeoutMs = configuration[.lingerIdleTimeoutMs]
        limits.lingerBytesMax = configuration[.lingerBytes]
        return limits
    }

    private static func logger(_ configuration: Configuration, _ sink: LogSink) -> Logger {
        let format = configuration[.logFormat] ?? (sink.isTerminal ? .text : .json)
        return Logger(label: Version.name) { _ in
            LineLogHandler(
                format: format, sink: sink, logLevel: configuration[.logLevel])
        }
    }
}
