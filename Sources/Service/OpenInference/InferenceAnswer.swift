import Codecs
import HTTP
import Inference

/// Losses as the outputs of the Open Inference Protocol: `total`, each term by its key, each of its
/// layers as `term.layer`, one element a pair; and gradients.
struct InferenceAnswer: Sendable {
    private let id: UTF8Text?
    private let model: String
    private let answer: LossAnswer
    private let request: InferenceRequest

    /// - Parameter model: the name under which it was asked for.
    init(_ answer: LossAnswer, of request: InferenceRequest, model: String) {
        id = request.id
        self.model = model
        self.answer = answer
        self.request = request
    }

    /// The answer over HTTP.
    ///
    /// - Parameter team: asked whether anybody still waits while it is written down.
    /// - Throws: for an output that there is not; `deadline_exceeded`.
    func response(_ team: Team) throws(ServiceError) -> HTTPServerResponse {
        var outputs: [JSON] = []
        var bytes: [UInt8] = []
        for (tensor, isBinary) in try chosen() {
            guard let datatype = TensorDatatype(tensor.elementType) else { continue }
            var members: [JSON.Member] = [
                .init("name", .string(tensor.name)),
                .init("shape", .array(tensor.shape.map(JSON.integer))),
                .init("datatype", .string(datatype.rawValue)),
            ]
            if isBinary {
                members.append(
                    .init("parameters", ["binary_data_size": .integer(tensor.byteCount)]))
                bytes += try tensor.bytes(checking: team.checkWanted)
            } else {
                members.append(.init("data", .numbers(try Self.values(tensor, team))))
            }
            outputs.append(.object(members))
        }
        let header = try head(outputs).encode(checking: team.checkWanted)
        guard outputs.contains(where: { $0["parameters"] != nil }) else {
            return HTTPServerResponse(type: MediaType.json.essence, body: header)
        }
        var response = HTTPServerResponse(
            type: MediaType.octetStream.essence, body: header + bytes)
        response.fields[.inferenceHeaderContentLength] = "\(header.count)"
        return response
    }

    private func head(_ outputs: [JSON]) -> JSON {
        var members: [JSON.Member] = [
            .init("model_name", .string(model)), .init("model_version", .string(Self.version)),
        ]
        if let id { members.append(.init("id", .text(id))) }
        var parameters: [JSON.Member] = []
        if let network = answer.model?.network {
            parameters += [
                .init("network", .string(network.name)), .init("sha256", .string(network.sha256)),
            ]
        }
        if let warnings = answer.warnings.lines {
            parameters.append(.init("warnings", .string(warnings)))
        }
        members.append(.init("parameters", .object(parameters)))
        members.append(.init("outputs", .array(outputs)))
        return .object(members)
    }

    /// The one version of a model: a preset is a definition and does not change under its name.
    static let version = "1"

    private func chosen() throws(ServiceError) -> [(SafetensorsTensor, isBinary: Bool)] {
        let losses = losses
        guard !request.outputs.isEmpty else { return losses.map { ($0, request.isBinary) } }
        let gradients = answer.gradients?.safetensors() ?? []
        var chosen: [(SafetensorsTensor, isBinary: Bool)] = []
        for output in request.outputs {
            // Gradients of outputs that differ in size are a tensor each, the pair behind a dot.
            let found =
                losses.filter { $0.name == output.name }
                + gradients.filter {
                    $0.name == output.name
                        || $0.name.hasPrefix(output.name + ".")
                            && $0.name.dropFirst(output.name.count + 1).allSatisfy(\.isNumber)
                }
            guard !found.isEmpty else {
                throw ServiceError(
                    .invalidOption,
                    "There is no output of that name; there are "
                        + losses.map(\.name).joined(separator: ", ") + " and gradient.")
            }
            chosen += found.map { ($0, output.isBinary ?? request.isBinary) }
        }
        return chosen
    }

    /// A tensor for each number, its elements the pairs; they all have the terms of one loss.
    private var losses: [SafetensorsTensor] {
        let pairs = answer.results.map(\.losses)
        func tensor(_ name: String, _ value: (Int) -> Double) -> SafetensorsTensor {
            SafetensorsTensor(name, shape: [pairs.count], float64: pairs.indices.map(value))
        }
        var tensors = [tensor("total") { pairs[$0].total }]
        for (index, term) in (pairs.first?.terms ?? []).enumerated() {
            tensors.append(tensor(term.key) { pairs[$0].terms[index].loss })
            for (position, layer) in (term.layers ?? []).enumerated() {
                tensors.append(
                    tensor("\(term.key).\(layer.name)") {
                        pairs[$0].terms[index].layers?[position].loss ?? .nan
                    })
            }
        }
        return tensors
    }

    private static func values(
        _ tensor: SafetensorsTensor, _ team: Team
    ) throws(ServiceError) -> [Double] {
        let bytes = try tensor.bytes(checking: team.checkWanted)
        guard
            let view = TensorView(
                elementType: tensor.elementType, shape: tensor.shape,
                byteRange: bytes.indices)
        else { return [] }
        do {
            return try Elements.float64(
                view, of: bytes.span, isCancelled: { team.isCancelled })
        } catch .cancelled {
            throw .deadlineExceeded
        } catch {
            throw ServiceError(.nonFiniteResult, "\(tensor.name) is not finite.")
        }
    }
}
