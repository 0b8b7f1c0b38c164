import HTTP
import HTTPTypes

/// POST /v1/losses
struct LossesEndpoint: JobEndpoint {
    let context: ServiceContext
    let mediaTypes: [MediaType] = [.multipart, .json, .safetensors]

    func prepare(_ request: ServiceRequest, models: Models) throws(ServiceError) -> JobRequest {
        let submission = try Submission(request, .losses)
        let job = try LossJob(
            submission, query: request.query, id: request.id, models: models,
            targets: TargetCache(context.targets, of: request.tenant),
            accept: request.fields[.accept], configuration: context.configuration)
        return JobRequest(workBytes: try job.workBytes(), answerBytes: job.answerBytes) {
            run throws(ServiceError) in
            let answer = try job.run(&run)
            context.metrics.pairs.add(job.outputs.count)
            context.metrics.pixels.add(job.pixels)
            return try run.measure(.encode) { team throws(ServiceError) in
                try answer.response(team)
            }
        }
    }
}
