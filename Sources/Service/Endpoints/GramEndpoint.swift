import HTTP
import HTTPTypes
import Inference

/// POST /v1/gram: Gram matrices, or means and deviations, of images or of features that the client
/// computed.
struct GramEndpoint: JobEndpoint {
    let context: ServiceContext
    let mediaTypes: [MediaType] = [.multipart, .json, .safetensors]

    func prepare(_ request: ServiceRequest, models: Models) throws(ServiceError) -> JobRequest {
        let submission = try Submission(request, .gramMatrices)
        let set = try OptionSet(
            query: request.query, body: submission, known: OptionName.gramMatrices)
        let loss = try LossChoice.chosen(set).loss
        let statistic = try Self.statistic(loss, set)
        let accept = request.fields[.accept]
        let hasFeatures = submission.parts.contains { $0.name != "image" }
        guard !hasFeatures || submission.parts(named: "image").isEmpty else {
            throw ServiceError(
                .badRequest, "There are both images and features; send one or the other.")
        }
        return hasFeatures
            ? try prepareFeatures(submission, set, statistic, accept, models)
            : try prepareImages(submission, set, loss, statistic, accept, models)
    }

    /// The statistic of a kind as the loss defines it, else in its plainest form.
    private static func statistic(
        _ loss: Loss, _ set: OptionSet
    ) throws(ServiceError) -> (Statistic, Statistic.Kind) {
        let kind = try set.choice(.statistic) ?? Statistic.Kind.gram
        let gram: GramKind? = try set.choice(.gram)
        guard gram == nil || kind == .gram else {
            throw ServiceError(
                .invalidOption,
                "The option gram has nothing to say of the statistic \(kind.rawValue); leave it out."
            )
        }
        let own = loss.changed(gram: gram).terms.compactMap { $0.features?.statistic }
            .first { $0.kind == kind }
        let plain: Statistic =
            switch kind {
            case .gram: .gram(Gram(gram ?? .normalized))
            case .mean: .mean
            case .meanDeviation: .meanDeviation(eps: 1e-5, isUnbiased: true)
            }
        return (own ?? plain, kind)
    }

    private static func summaryKind(of statistic: Statistic) -> SummaryKind {
        guard let kind = statistic.summaryKind else {
            preconditionFailure("a statistic that is answered is of sums")
        }
        return kind
    }

    private func prepareImages(
        _ submission: Submission, _ set: OptionSet, _ loss: Loss,
        _ statistic: (Statistic, Statistic.Kind), _ accept: String?, _ models: Models
    ) throws(ServiceError) -> JobRequest {
        let walk = try ImageWalk(submission, set, loss, models, context.configuration)
        let type = try GramAnswer.type(accept, layers: walk.taps.count)
        let (statistic, kind) = statistic
        let wanted = SummaryDemand(0, Self.summaryKind(of: statistic))
        let demand = { @Sendable (tap: Tap) in
            TapDemand(tap: tap, FeatureDemand(summaries: [wanted]))
        }
        let channels = walk.taps.map(\.channels)
        let workBytes =
            walk.workBytes(demand, workers: context.pool.workers)
            .plus(GramAnswer.workBytes(kind, channels: channels, samples: walk.images.count))
        let answerBytes = GramAnswer.answerBytes(
            kind, channels: channels, samples: walk.images.count, type)
        let origin = StatisticsOrigin(
            walk.model.network, walk.variant, walk.input, statistic,
            sizes: (0..<walk.images.count).map { walk.images.size(of: $0) })
        return JobRequest(workBytes: workBytes, answerBytes: answerBytes) {
            run throws(ServiceError) in
            let (results, warnings) = try walk.run(&run, demand)
            context.metrics.pixels.add(walk.images.pixels)
            let layers = walk.taps.enumerated().map { index, tap in
                GramAnswer.Layer(
                    name: tap.description, channels: tap.channels,
                    values: results.compactMap { results in
                        results[index].summaries[wanted].map { StatisticValue(statistic, $0) }
                    })
            }
            return try run.measure(.encode) { team throws(ServiceError) in
                try GramAnswer(
                    statistic: statistic, kind: kind, origin: origin, layers: layers,
                    warnings: warnings
                )
                .response(type, team)
            }
        }
    }

    private func prepareFeatures(
        _ submission: Submission, _ set: OptionSet, _ statistic: (Statistic, Statistic.Kind),
        _ accept: String?, _ models: Models
    ) throws(ServiceError) -> JobRequest {
        guard try set.text(.model) == nil else {
            throw ServiceError(
                .invalidOption,
                "The option model is for images; no network is run on features, so leave it out.")
        }
        var sources = try submission.features("features", set, context.configuration)
        if let wanted = try set.weights(.layers) {
            guard !wanted.isEmpty else { throw ServiceError.emptyLayers }
            let known = Set(sources.map(\.layer))
            if let stranger = wanted.first(where: { !known.contains($0.name) }) {
                throw ServiceError(
                    .unknownLayer,
                    "The option layers names \(Excerpt.quoted(stranger.name)), a layer that is not in "
                        + "the body; the body has "
                        + "\(known.sorted().prefix(32).joined(separator: ", ")).")
            }
            let names = Set(wanted.map(\.name))
            sources.removeAll { !names.contains($0.layer) }
        }
        let chosen = sources
        let instructionSet = models.instructionSet
        let type = try GramAnswer.type(accept, layers: chosen.count)
        let workers = context.pool.workers
        let (statistic, kind) = statistic
        let summaryKind = Self.summaryKind(of: statistic)
        let work = chosen.map {
            FeatureTensor.summaryBytes(summaryKind, $0.source.dimensions, workers: workers)
        }
        let workBytes = chosen.bytes {
            $0.source.decodedBytes.plus(
                GramAnswer.workBytes(
                    kind, channels: [$0.source.dimensions.shape.channels],
                    samples: $0.source.dimensions.samples))
        }
        .plus(work.max() ?? 0)
        let answerBytes = chosen.bytes {
            GramAnswer.answerBytes(
                kind, channels: [$0.source.dimensions.shape.channels],
                samples: $0.source.dimensions.samples, type)
        }
        return JobRequest(workBytes: workBytes, answerBytes: answerBytes) {
            run throws(ServiceError) in
            let tensors = try run.measure(.decode) { team throws(ServiceError) in
                try chosen.map { _, source throws(ServiceError) in
                    try source.decode { team.isCancelled }
                }
            }
            let layers = try run.measure(.losses) { team throws(ServiceError) in
                try Self.layers(
                    of: tensors, names: chosen.map(\.layer), statistic, summaryKind,
                    instructionSet, team)
            }
            return try run.measure(.encode) { team throws(ServiceError) in
                try GramAnswer(statistic: statistic, kind: kind, layers: layers)
                    .response(type, team)
            }
        }
    }

    private static func layers(
        of tensors: [FeatureTensor], names: [String], _ statistic: Statistic, _ kind: SummaryKind,
        _ instructionSet: InstructionSet, _ team: Team
    ) throws(ServiceError) -> [GramAnswer.Layer] {
        var layers: [GramAnswer.Layer] = []
        for (name, tensor) in zip(names, tensors) {
            do {
                let summaries = try tensor.summaries(
                    kind, instructionSet: instructionSet, team: team)
                layers.append(
                    GramAnswer.Layer(
                        name: name, channels: tensor.dimensions.shape.channels,
                        values: summaries.map { StatisticValue(statistic, $0) }))
            } catch {
                throw ServiceError(error)
            }
        }
        return layers
    }
}
