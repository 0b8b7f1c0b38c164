import Codecs
import HTTP

/// The body of an inference request of the Open Inference Protocol v2, with its binary tensor data
/// extension: JSON, whose length the field Inference-Header-Content-Length says where bytes of
/// tensors follow it.
struct InferenceRequest: Sendable {
    /// An output that was asked for.
    struct Output: Sendable {
        let name: String
        /// Whether its elements are wanted as bytes behind the JSON; nil when nothing is said.
        let isBinary: Bool?
    }

    /// The client's own name of the request.
    let id: UTF8Text?
    /// The inputs as parts of a submission.
    let parts: [(name: String, content: Submission.Content)]
    /// Options of the loss; those that are the protocol's own are taken out.
    let parameters: [JSON.Member]
    /// What is asked for; empty for all but gradients.
    let outputs: [Output]
    /// Whether outputs that say nothing are wanted as bytes.
    let isBinary: Bool

    /// - Parameter inputs: the names that inputs may have.
    init(
        _ request: ServiceRequest, _ inputs: PartNames
    ) throws(ServiceError) {
        let headerCount = try Self.headerCount(request)
        let text = request.body[..<headerCount]
        // A value is one of a list or of an object, so that there are at most so many.
        let valuesMax = 1 + text.count { ",[{".utf8.contains($0) }
        try request.intake.charge(valuesMax.times(MemoryLayout<JSON.Member>.stride))
        let json: JSON
        do {
            json = try JSON.parse(text, valuesMax: 2 * valuesMax)
        } catch {
            throw ServiceError(error)
        }
        guard case .object(let members) = json else {
            throw Self.malformed("The body must begin with a JSON object.")
        }
        let known = ["id", "parameters", "inputs", "outputs"]
        guard members.allSatisfy({ member in known.contains { member.name.equals($0) } }) else {
            throw Self.malformed("The request has \(known.joined(separator: ", ")) and no more.")
        }
        id = try Self.text(json["id"], "id")
        var parameters = try Self.members(json["parameters"], "parameters")
        isBinary = try Self.flag(parameters, "binary_data_output") ?? false
        parameters.removeAll { $0.name.equals("binary_data_output") }
        self.parameters = parameters
        outputs = try Self.outputs(json["outputs"])
        var tensors = TensorReader(request.body, from: headerCount, request.intake)
        var parts: [(name: String, content: Submission.Content)] = []
        for input in try Self.items(json["inputs"], "inputs") {
            let name = try Self.text(input["name"], "the name of an input") ?? ""
            let role = try inputs.name(name)
            parts += try tensors.contents(of: input, role).map { (role, $0) }
        }
        try tensors.end()
        self.parts = parts
    }

    private static func headerCount(_ request: ServiceRequest) throws(ServiceError) -> Int {
        guard let field = request.fields[.inferenceHeaderContentLength] else {
            return request.body.count
        }
        guard let count = ASCII.decimal(field.utf8), count <= request.body.count else {
            throw ServiceError(
                .badHeader,
                "Inference-Header-Content-Length must be the bytes of JSON at the beginning of the "
                    + "body, which has \(request.body.count).")
        }
        return count
    }

    private static func outputs(_ value: JSON?) throws(ServiceError) -> [Output] {
        var outputs: [Output] = []
        for output in try items(value, "outputs") {
            guard let name = try text(output["name"], "the name of an output")?.name else {
                throw malformed("An output has no name, or one of more than 256 ASCII characters.")
            }
            let parameters = try members(output["parameters"], "the parameters of an output")
            outputs.append(Output(name: name, isBinary: try flag(parameters, "binary_data")))
        }
        return outputs
    }
}

// What a member has to be; absent and null are alike.
extension InferenceRequest {
    static func malformed(_ sentence: String) -> ServiceError {
        ServiceError(.badRequest, sentence)
    }

    static func text(_ value: JSON?, _ name: String) throws(ServiceError) -> UTF8Text? {
        switch value {
        case nil, .null: return nil
        case .text(let text): return text
        default: throw malformed("In the request \(name) must be a string.")
        }
    }

    static func items(_ value: JSON?, _ name: String) throws(ServiceError) -> [JSON] {
        switch value {
        case nil, .null: return []
        case .array(let items): return items
        default: throw malformed("In the request \(name) must be an array.")
        }
    }

    static func members(_ value: JSON?, _ name: String) throws(ServiceError) -> [JSON.Member] {
        switch value {
        case nil, .null: return []
        case .object(let members): return members
        default: throw malformed("In the request \(name) must be an object.")
        }
    }

    static func flag(_ members: [JSON.Member], _ name: String) throws(ServiceError) -> Bool? {
        switch members.first(where: { $0.name.equals(name) })?.value {
        case nil, .null: return nil
        case .bool(let flag): return flag
        default: throw malformed("The parameter \(name) must be true or false.")
        }
    }
}
