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
        /// Statistics in the place of a target's image.
        case statistics(GivenStatistics)
    }

    var parts: [(name: String, content: Content)] = []
    /// The digests of registered targets, by the part that they stand for.
    var targetReferences: [String: TargetDigest] = [:]
    /// The members of the JSON object of options.
    var options: [JSON.Member] = []
    /// Options that stand in the body by themselves, as fields of a form.
    var fields: [OptionName: OptionSet.Value] = [:]

    func parts(named name: String) -> [Content] { parts.filter { $0.name == name }.map(\.content) }

    /// Reads a body by its Content-Type.
    ///
    /// - Parameter names: those that this endpoint knows.
    init(_ request: ServiceRequest, _ names: PartNames) throws(ServiceError) {
        let contentType = request.fields[.contentType] ?? ""
        switch MediaType(contentType: contentType) {
        case MediaType.multipart:
            try self.init(multipart: request.body, contentType, names, request.intake)
        case MediaType.safetensors: try self.init(safetensors: request.body, names)
        default: try self.init(json: request.body, names, request.intake)
        }
    }

    /// A submission put together by hand, as the command line does.
    init(parts: [(name: String, content: Content)]) { self.parts = parts }

    private init(safetensors body: [UInt8], _ names: PartNames) throws(ServiceError) {
        let file: SafetensorsFile
        do {
            file = try SafetensorsFile.parse(body.span)
        } catch {
            throw ServiceError(error)
        }
        for (name, view) in file.tensors {
            parts.append((try names.name(name), Content(view, in: body)))
        }
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
