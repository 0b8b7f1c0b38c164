import Codecs
import HTTP
import Inference

/// POST /v1/features: the tapped feature maps of images, as safetensors.
struct FeaturesEndpoint: JobEndpoint {
    let context: ServiceContext
    let mediaTypes: [MediaType] = [.multipart, .json, .safetensors]

    func prepare(_ request: ServiceRequest, models: Models) throws(ServiceError) -> JobRequest {
        let submission = try Submission(request, .features)
        let set = try OptionSet(
            query: request.query, body: submission, known: OptionName.features)
        let walk = try ImageWalk(
            submission, set, try LossChoice.chosen(set).loss, models, context.configuration)
        try walk.checkEqualSizes()
        let demand = { @Sendable (tap: Tap) in TapDemand(tap: tap, FeatureDemand(maps: [0])) }
        let workBytes =
            walk.workBytes(demand, workers: context.pool.workers)
            .plus(walk.featureBytes)
        return JobRequest(workBytes: workBytes, answerBytes: walk.featureBytes) {
            run throws(ServiceError) in
            let (results, warnings) = try walk.run(&run, demand)
            context.metrics.pixels.add(walk.images.pixels)
            return try run.measure(.encode) { team throws(ServiceError) in
                HTTPServerResponse(
                    type: MediaType.safetensors.essence,
                    body: try encode(results, warnings, walk, team))
            }
        }
    }

    /// Each layer's maps side by side, as (N, C, H, W).
    private func encode(
        _ results: [[FeatureResult]], _ warnings: [Warning], _ walk: ImageWalk, _ team: Team
    ) throws(ServiceError) -> [UInt8] {
        let tensors = walk.taps.enumerated().map { index, tap in
            let shape = results[0][index].shape
            return (
                name: "features.\(tap)",
                shape: [results.count, shape.channels, shape.height, shape.width]
            )
        }
        let network = walk.model.network
        var metadata = [
            "model": network.name, "sha256": network.sha256,
            "preprocessing": walk.input.name, "layout": FeatureLayout.nchw.rawValue,
        ]
        metadata["warnings"] = warnings.lines
        return try SafetensorsFile.encode(tensors, metadata: metadata) {
            index, values throws(ServiceError) in
            let count = values.count / results.count
            do throws(InferenceError) {
                try unsafe values.withUnsafeMutableBufferPointer { values throws(InferenceError) in
                    for (sample, taps) in results.enumerated() {
                        let part = unsafe values[sample * count..<(sample + 1) * count]
                        try unsafe taps[index].maps[0]?.copyCHW(
                            into: UnsafeMutableBufferPointer(rebasing: part),
                            check: team.checkCancelled)
                    }
                }
            } catch {
                throw ServiceError(error)
            }
        }
    }
}
