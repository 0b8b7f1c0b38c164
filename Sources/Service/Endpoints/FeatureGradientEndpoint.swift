import Codecs
import HTTP
import Inference

/// POST /v1/features/gradient: the gradient at images from gradients at layers, which makes any loss of
/// the features a client invents differentiable.
struct FeatureGradientEndpoint: JobEndpoint {
    let context: ServiceContext
    let mediaTypes: [MediaType] = [.safetensors, .multipart]

    func prepare(_ request: ServiceRequest, models: Models) throws(ServiceError) -> JobRequest {
        let submission = try Submission(request, .featureGradients)
        let set = try OptionSet(
            query: request.query, body: submission, known: OptionName.featureGradients)
        let model = try models.named(in: set)
        let images = try submission.images("image", try ArrayOptions(set), context.configuration)
        guard images.count > 0 else {
            throw ServiceError(.missingInput, "There is no image; send one or more.")
        }
        try images.checkEqualSizes()
        let cotangents = try Cotangents(
            submission, set, images, model.network.defaultVariant, context.configuration)
        let answer = try ImageGradientAnswer(
            images, model.network, set, accept: request.fields[.accept])
        let size = images.size(of: 0)
        let stack = min(images.count, Self.imagesMax(workers: context.pool.workers))
        let workBytes = images.decodedBytes.plus(cotangents.bytes).plus(answer.workBytes)
            .plus(
                model.extractor.gradientBytes(
                    imageCount: stack, height: size.height, width: size.width,
                    taps: cotangents.taps, workers: context.pool.workers))
        return JobRequest(workBytes: workBytes, answerBytes: answer.bytes) {
            run throws(ServiceError) in
            let (decoded, slopes) = try run.measure(.decode) { team throws(ServiceError) in
                (try DecodedList(images, team), try cotangents.decode(team))
            }
            let gradients = try Self.gradients(
                decoded.images, cotangents.taps, slopes, model.extractor, &run)
            context.metrics.pixels.add(images.pixels)
            return try run.measure(.encode) { team throws(ServiceError) in
                try answer.response(gradients, model.warnings + decoded.warnings, team)
            }
        }
    }

    /// How many images are walked together: enough for each pass over the kernels of the deep layers.
    private static func imagesMax(workers: Int) -> Int { max(4, 2 * workers) }

    private static func gradients(
        _ images: [Image], _ taps: [Tap], _ slopes: [[FeatureMap]], _ extractor: Extractor,
        _ run: inout JobRun
    ) throws(ServiceError) -> [ImageGradient] {
        var gradients: [ImageGradient] = []
        let demands = taps.map { TapDemand(tap: $0) }
        while gradients.count < images.count {
            let first = gradients.count
            let stack = first..<min(first + imagesMax(workers: run.team.workers), images.count)
            let tape = try run.measure(.features) { team throws(ServiceError) in
                do throws(InferenceError) {
                    return try extractor.record(
                        images: Array(images[stack]), demands: demands, team: team
                    ).tape
                } catch {
                    throw ServiceError(error)
                }
            }
            let cotangents = taps.indices.map { index in
                Cotangent(tap: taps[index], slopes: stack.map { [.given(slopes[index][$0])] })
            }
            gradients += try run.measure(.gradient) { team throws(ServiceError) in
                do throws(InferenceError) {
                    return try extractor.gradients(tape, cotangents: cotangents, team: team)
                } catch {
                    throw ServiceError(error)
                }
            }
        }
        return gradients
    }
}
