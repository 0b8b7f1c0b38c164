import Codecs
import Inference

/// The losses of files, by the same code as POST /v1/losses and without a server.
public struct Comparison: Sendable {
    /// The options of a request by their names in a query: those of POST /v1/losses but
    /// for gradients and maps.
    public static var optionNames: [String] { OptionName.comparison.map(\.rawValue) }

    let models: Models
    let configuration: Configuration

    /// Loads the weights.
    public init(configuration: Configuration) throws(WeightsError) {
        self.configuration = configuration
        models = try ModelLoader(configuration: configuration).load()
    }

    /// The engine that runs, for `info`.
    public var info: ServiceInfo { ServiceInfo(models: models, configuration: configuration) }

    /// The loss that options ask for.
    ///
    /// - Parameter hasMask: whether a pair has a mask.
    /// - Throws: the sentence that a client would read.
    public func loss(
        _ options: ComparisonOptions, hasMask: Bool
    ) throws(ServiceError) -> ComparedLoss {
        let set = try OptionSet(
            query: options.values, body: options.submission(), known: OptionName.comparison)
        _ = try ArrayOptions(set)
        let definition = try LossChoice.chosen(set)
        let model = try models.fitting(definition.loss, set)
        let choice = try LossChoice(definition, set, model.network, hasMask: hasMask)
        return ComparedLoss(
            choice.loss, hasMask: hasMask, warnings: model.warnings + choice.warnings)
    }

    /// Compares two files on all workers.
    ///
    /// - Parameter wantsMap: whether a map of the first term that has one is asked for, at the size of
    ///   the images.
    /// - Throws: the sentence that a client would read.
    public func run(
        _ pair: ComparedPair, _ options: ComparisonOptions, wantsMap: Bool = false
    ) throws(ServiceError) -> ComparisonAnswer {
        var options = options
        if wantsMap { options.values += try mapOptions(options, hasMask: pair.mask != nil) }
        let job: LossJob
        do throws(ServiceError) {
            job = try self.job(
                pair, options, keeping: TargetStore(bytesMax: 0),
                accept: wantsMap ? "image/png" : nil)
        } catch {
            guard error.code == .notAcceptable else { throw error }
            throw ServiceError(
                .invalidOption, "A map is of one pair of images, and these files hold several.")
        }
        let pool = WorkerPool(workers: configuration[.workers])
        defer { pool.stop() }
        let outcome = pool.runAndWait { Self.outcome(job, $0, hasMap: wantsMap) }
        return try outcome.get()
    }

    /// The work on files that stand for the parts of a request.
    func job(
        _ pair: ComparedPair, _ options: ComparisonOptions, keeping store: TargetStore,
        accept: String? = nil
    ) throws(ServiceError) -> LossJob {
        if let refusal = pair.refusal { throw ServiceError(.missingInput, refusal) }
        var parts: [(name: String, content: Submission.Content)] = []
        for (name, path) in pair.parts {
            let payload = Payload(try bytes(path))
            try Self.check(payload, path)
            parts.append((name, .file(payload, contentType: nil)))
        }
        return try LossJob(
            options.submission(parts), query: options.values, id: RequestID.of([:]), models: models,
            targets: TargetCache(store, of: nil), accept: accept, configuration: configuration)
    }

    /// Does the work.
    static func outcome(
        _ job: LossJob, _ team: Team, hasMap: Bool = false
    ) -> Result<ComparisonAnswer, ServiceError> {
        var run = JobRun(team: team, submittedAt: .now)
        do throws(ServiceError) {
            return .success(try ComparisonAnswer(try job.run(&run), hasMap: hasMap, team))
        } catch {
            return .failure(error)
        }
    }

    /// The options that ask for the map of a term, summed over its layers.
    private func mapOptions(
        _ options: ComparisonOptions, hasMask: Bool
    ) throws(ServiceError) -> [(name: String, value: String)] {
        let loss = try self.loss(options, hasMask: hasMask)
        guard let term = loss.terms.first(where: { $0.features?.hasMap == true }) else {
            throw ServiceError(
                .invalidOption,
                "The loss has no term with a map: there is one of features that are compared position "
                    + "by position.")
        }
        return [
            (OptionName.maps.rawValue, term.key),
            (OptionName.mapsSize.rawValue, MapOptions.Size.input.rawValue),
        ]
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
