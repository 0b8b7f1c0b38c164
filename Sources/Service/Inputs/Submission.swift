import Codecs
import HTTP
import HTTPTypes

/// The named parts of a request's body, whichever of the three forms it came in. Nothing is decoded
/// yet but base64.
struct Submission: Sendable {
    /// One part.
    enum Content: Sendable {
        /// A file: PNG or npy, by its declared type or its first bytes.
        case file(Payload, contentType: String?)
        /// A tensor whose dtype and shape stand beside it.
        case tensor(TensorView, Payload)
    }

    var parts: [(name: String, content: Content)] = []
    /// The digests of registered targets, by the part that they stand for.
    var targetReferences: [String: TargetDigest] = [:]
    /// The members of the JSON object of options.
    var options: [JSON.Member] = []

    func parts(named name: String) -> [Content] { parts.filter { $0.name == name }.map(\.content) }

    /// Reads a body by its Content-Type.
    ///
    /// - Parameter isPart: whether a name is one this endpoint knows.
    init(_ request: ServiceRequest, isPart: (String) -> Bool) throws(ServiceError) {
        let contentType = request.fields[.contentType] ?? ""
        switch MediaType(contentType: contentType) {
        case MediaType.multipart:
            try self.init(multipart: request.body, contentType, isPart, request.intake)
        case MediaType.safetensors: try self.init(safetensors: request.body, isPart)
        default: try self.init(json: request.body, isPart, request.intake)
        }
    }

    /// A submission put together by hand, as the command line does.
    init(parts: [(name: String, content: Content)]) { self.parts = parts }

    private init(
        multipart body: [UInt8], _ contentType: String, _ isPart: (String) -> Bool,
        _ intake: Intake
    ) throws(ServiceError) {
        let parts: [MultipartPart]
        do {
            parts = try MultipartParser.parse(
                body, contentType: contentType, isCancelled: intake.isCancelled)
        } catch {
            throw ServiceError(error)
        }
        for part in parts {
            let payload = Payload(body, part.body)
            let name = UTF8Text(validated: part.name[...])
            switch name {
            case "options": try readOptions(payload, intake)
            case "target_ref" where isPart("target"): try readReference("target", payload)
            case "style_target_ref" where isPart("style_target"):
                try readReference("style_target", payload)
            case "perceptual_target_ref" where isPart("perceptual_target"):
                try readReference("perceptual_target", payload)
            default:
                let name = try Self.name(name, isPart)
                self.parts.append((name, .file(payload, contentType: part.contentType)))
            }
        }
    }

    private init(safetensors body: [UInt8], _ isPart: (String) -> Bool) throws(ServiceError) {
        let file: SafetensorsFile
        do {
            file = try SafetensorsFile.parse(body.span)
        } catch {
            throw ServiceError(error)
        }
        for (name, view) in file.tensors {
            parts.append((try Self.name(name, isPart), Content(view, in: body)))
        }
    }

    /// The name of a part that means something here. Names from outside become `String`s here and
    /// only when they are ASCII, which `String` compares in linear time.
    static func name(
        _ text: UTF8Text, _ isPart: (String) -> Bool
    ) throws(ServiceError) -> String {
        guard let name = text.name, isPart(name) else {
            throw ServiceError(
                .badRequest,
                "The body has a part, tensor or member with a name that means nothing here; see "
                    + "/openapi.yaml."
            )
        }
        return name
    }

    private mutating func readOptions(_ payload: Payload, _ intake: Intake) throws(ServiceError) {
        guard options.isEmpty else {
            throw ServiceError(.badRequest, "The part options is there twice; send it once.")
        }
        let json = try JSON(parsing: payload, intake)
        guard case .object(let members) = json else {
            throw ServiceError(.badRequest, "The part options must be a JSON object.")
        }
        options = members
    }

    private mutating func readReference(
        _ role: String, _ payload: Payload
    ) throws(ServiceError) {
        guard targetReferences[role] == nil else {
            throw ServiceError(.badRequest, "The part \(role)_ref is there twice; send it once.")
        }
        targetReferences[role] = try TargetDigest(
            parsing: ASCII.trimmed(payload.bytes[payload.range]))
    }
}

extension Submission.Content {
    /// A tensor of a file: the view counts from the start of the tensor's own bytes.
    init(_ view: TensorView, in body: [UInt8]) {
        let local = TensorView(
            elementType: view.elementType, shape: view.shape, byteRange: 0..<view.byteRange.count)
        self = .tensor(local ?? view, Payload(body, local == nil ? body.indices : view.byteRange))
    }
}

extension JSON {
    /// A value from outside.
    init(parsing payload: Payload, _ intake: Intake) throws(ServiceError) {
        do {
            self = try JSON.parse(
                payload.bytes[payload.range], isCancelled: intake.isCancelled)
        } catch {
            throw ServiceError(error)
        }
    }
}
