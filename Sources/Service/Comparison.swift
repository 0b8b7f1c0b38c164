import Codecs
import Inference

/// What the command line asks of `compare`.
public struct ComparisonRequest: Sendable {
    /// The path of the image that a model made.
    public var output: String
    /// The path of the image it should have made.
    public var target: String
    /// The path of a mask.
    public var mask: String?
    /// Options by their names in a query, such as `style_layers`.
    public var options: [(name: String, value: String)]

    /// A comparison of files.
    public init(
        output: String, target: String, mask: String? = nil,
        options: [(name: String, value: String)] = []
    ) {
        self.output = output
        self.target = target
        self.mask = mask
        self.options = options
    }
}

/// What `compare` says.
public struct ComparisonAnswer: Sendable {
    /// The answer, in the shape of POST /v1/losses.
    public let json: JSON
    /// The weights of layers, by the key of the term.
    public let layerWeights: [String: [String: Double]]
}

/// The losses of files, by the same code as POST /v1/losses and without a server.
public struct Comparison: Sendable {
    /// The options of a request by their names in a query: those of POST /v1/losses but
    /// for gradients.
    public static var optionNames: [String] { OptionName.comparison.map(\.rawValue) }

    private let models: Models
    private let configuration: Configuration

    /// Loads the weights.
    public init(configuration: Configuration) throws(WeightsError) {
        self.configuration = configuration
        models = try ModelLoader(configuration: configuration).load()
    }

    /// The engine that runs, for `info`.
    public var info: ServiceInfo { ServiceInfo(models: models, configuration: configuration) }

    /// Compares.
    ///
    /// - Throws: the sentence that a client would read.
    public func run(_ request: ComparisonRequest) throws(ServiceError) -> ComparisonAnswer {
        var parts: [(name: String, content: Submission.Content)] = []
        for (name, path) in [
            ("output", request.output), ("target", request.target), ("mask", request.mask),
        ] {
            guard let path else { continue }
            let payload = Payload(try bytes(path))
            try Self.check(payload, path)
            parts.append((name, .file(payload, contentType: nil)))
        }
        let job = try LossJob(
            Submission(parts: parts), query: request.options, id: RequestID.of([:]), models: models,
            targets: TargetCache(TargetStore(bytesMax: 0), of: nil), configuration: configuration)
        let pool = WorkerPool(workers: configuration[.workers])
        defer { pool.stop() }
        let result = pool.runAndWait { team -> Result<JSON, ServiceError> in
            var run = JobRun(team: team, submittedAt: .now)
            do throws(ServiceError) {
                return .success(try job.run(&run).json)
            } catch {
                return .failure(error)
            }
        }
        let weights = job.choice.loss.terms.map { term in
            let layers = term.features?.layers ?? []
            return (
                term.key, Dictionary(layers.map { ($0.name, $0.weight) }, uniquingKeysWith: { $1 })
            )
        }
        return ComparisonAnswer(
            json: try result.get(),
            layerWeights: Dictionary(weights, uniquingKeysWith: { first, _ in first }))
    }

    /// What the API says of a part, said of a file.
    private static func check(_ payload: Payload, _ path: String) throws(ServiceError) {
        let kind = payload.withSpan { MediaSniffer.kind(of: $0) }
        guard kind != .npy, ImageFormat.known(as: kind) == nil else { return }
        throw ServiceError(
            .unsupportedMediaType,
            kind == .unknown
                ? "\(path) is none of \(PartKind.readable); give one of them."
                : "\(path) looks like \(kind.refusal).")
    }

    /// The bytes of a file, of a pipe, or of standard input, which is written as a hyphen.
    private func bytes(_ path: String) throws(ServiceError) -> [UInt8] {
        do {
            if path != "-" {
                do throws(MappedFileError) {
                    let file = try MappedFile(path: path)
                    return withExtendedLifetime(file) { unsafe Array(file.bytes) }
                } catch .notRegularFile {}
            }
            return try PipeBytes.read(path, countMax: configuration[.maxBodyBytes])
        } catch {
            throw ServiceError(.invalidImage, "\(path): \(error)")
        }
    }
}
