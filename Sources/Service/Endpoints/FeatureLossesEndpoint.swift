import HTTP
import Inference

/// POST /v1/losses/features: losses of features that the client computed, and their gradients; no
/// network is run.
struct FeatureLossesEndpoint: JobEndpoint {
    let context: ServiceContext
    let mediaTypes: [MediaType] = [.safetensors, .multipart]

    func prepare(_ request: ServiceRequest, models: Models) throws(ServiceError) -> JobRequest {
        let submission = try Submission(request, .featureLosses)
        let job = try FeatureLossJob(
            submission, query: request.query, id: request.id, accept: request.fields[.accept],
            instructionSet: models.instructionSet, configuration: context.configuration)
        return JobRequest(workBytes: job.workBytes, answerBytes: job.answerBytes) {
            run throws(ServiceError) in
            let answer = try job.run(&run)
            context.metrics.pairs.add(answer.results.count)
            return try run.measure(.encode) { team throws(ServiceError) in
                try answer.response(team)
            }
        }
    }
}
