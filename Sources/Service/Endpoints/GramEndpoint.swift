import HTTP
import HTTPTypes
import Inference

/// POST /v1/gram: Gram matrices of images, or of features that the client computed.
struct GramEndpoint: JobEndpoint {
    let context: ServiceContext
    let mediaTypes: [MediaType] = [.multipart, .json, .safetensors]

    func prepare(_ request: ServiceRequest, models: Models) throws(ServiceError) -> JobRequest {
        let submission = try Submission(request, .gramMatrices)
        let set = try OptionSet(
            query: request.query, body: submission, known: OptionName.gramMatrices)
        let loss = try LossChoice.chosen(set).loss
        let kind = try set.choice(.gram) ?? loss.gramKind ?? .normalized
        let accept = request.fields[.accept]
        let hasFeatures = submission.parts.contains { $0.name != "image" }
        guard !hasFeatures || submission.parts(named: "image").isEmpty else {
            throw ServiceError(
                .badRequest, "There are both images and features; send one or the other.")
        }
        return hasFeatures
            ? try prepareFeatures(submission, set, kind, accept, models)
            : try prepareImages(submission, set, loss, kind, accept, models)
    }

    private func prepareImages(
        _ submission: Submission, _ set: OptionSet, _ loss: Loss, _ kind: GramKind,
        _ accept: String?, _ models: Models
    ) throws(ServiceError) -> JobRequest {
        let walk = try ImageWalk(submission, set, loss, models, context.configuration)
        let type = try GramAnswer.type(accept, layers: walk.taps.count)
        let gram = Gram(kind)
        let wanted = SummaryDemand(0, gram.summaryKind)
        let demand = { @Sendable (tap: Tap) in
            TapDemand(tap: tap, FeatureDemand(summaries: [wanted]))
        }
        let orders = walk.taps.map(\.channels)
        let workBytes =
            walk.workBytes(demand, workers: context.pool.workers)
            .plus(GramAnswer.workBytes(orders: orders, samples: walk.images.count))
        let answerBytes = GramAnswer.answerBytes(
            orders: orders, samples: walk.images.count, type)
        return JobRequest(workBytes: workBytes, answerBytes: answerBytes) {
            run throws(ServiceError) in
            let (results, warnings) = try walk.run(&run, demand)
            context.metrics.pixels.add(walk.images.pixels)
            let layers = walk.taps.enumerated().map { index, tap in
                GramAnswer.Layer(
                    name: tap.description,
                    matrices: results.compactMap { results in
                        results[index].summaries[wanted].map { GramMatrix(gram, $0) }
                    })
            }
            return try run.measure(.encode) { team throws(ServiceError) in
                try GramAnswer(kind: kind, layers: layers, warnings: warnings)
                    .response(type, team)
            }
        }
    }

    private func prepareFeatures(
        _ submission: Submission, _ set: OptionSet, _ kind: GramKind, _ accept: String?,
        _ models: Models
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
        let gram = Gram(kind)
        let work = chosen.map {
            FeatureTensor.gramBytes(gram, $0.source.dimensions, workers: workers)
        }
        let workBytes = chosen.bytes {
            $0.source.decodedBytes.plus(
                GramAnswer.workBytes(
                    orders: [$0.source.dimensions.shape.channels],
                    samples: $0.source.dimensions.samples))
        }
        .plus(work.max() ?? 0)
        let answerBytes = chosen.bytes {
            GramAnswer.answerBytes(
                orders: [$0.source.dimensions.shape.channels],
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
                try Self.matrices(
                    of: tensors, names: chosen.map(\.layer), gram, instructionSet, team)
            }
            return try run.measure(.encode) { team throws(ServiceError) in
                try GramAnswer(kind: kind, layers: layers).response(type, team)
            }
        }
    }

    private static func matrices(
        of tensors: [FeatureTensor], names: [String], _ gram: Gram,
        _ instructionSet: InstructionSet, _ team: Team
    ) throws(ServiceError) -> [GramAnswer.Layer] {
        var layers: [GramAnswer.Layer] = []
        for (name, tensor) in zip(names, tensors) {
            do {
                let matrices = try tensor.gramMatrices(
                    gram, instructionSet: instructionSet, team: team)
                layers.append(GramAnswer.Layer(name: name, matrices: matrices))
            } catch {
                throw ServiceError(error)
            }
        }
        return layers
    }
}
