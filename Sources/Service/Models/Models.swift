import Codecs
import Inference

/// The networks that are there: those of the files given, in their order, and behind them the embedded
/// one.
package struct Models: Sendable {
    /// At least one; their names differ.
    let all: [Model]

    /// The one that serves whatever asks for none.
    var standard: Model { all[0] }

    /// - Throws: when two have one name, by which no request could tell them apart.
    init(_ models: [Model]) throws(WeightsError) {
        precondition(!models.isEmpty, "the embedded network is always there")
        for (index, model) in models.enumerated()
        where models[..<index].contains(where: { $0.network.name == model.network.name }) {
            throw WeightsError(
                description: "Two networks are called \(model.network.name); give one of them "
                    + "another name with --weights NAME=FILE.")
        }
        all = models
    }

    /// The kernels in use, the same for all.
    var instructionSet: InstructionSet { standard.extractor.instructionSet }
    /// The buffers that all share.
    var buffers: BufferPool { standard.extractor.buffers }
    /// Bytes of the weights read so far.
    var weightBytes: Int { all.bytes(\.extractor.weightBytes) }
    /// Bytes of the kernels made so far.
    var kernelBytes: Int { all.bytes(\.extractor.kernelBytes) }

    /// What requests are warned of, whichever network serves them.
    var warnings: [Warning] { all.flatMap(\.warnings) }

    /// The network that a request names, else the one that serves whatever asks for none.
    /// - Throws: `unknown_model`.
    func named(in options: OptionSet) throws(ServiceError) -> Model {
        guard let name = try options.text(.model) else { return standard }
        guard let model = all.first(where: { $0.network.name == name }) else {
            let names = all.map(\.network.name)
            let near = Excerpt.suggestion(name, of: names)
            throw ServiceError(
                .unknownModel,
                "There is no such model\(near); the models are \(names.joined(separator: ", ")).")
        }
        return model
    }

    /// The network that a request names; else the first of the architecture and the family that its
    /// loss is defined on, else the first of the architecture.
    /// - Throws: `unknown_model`, and `preset_unavailable` when there is none of the architecture.
    func fitting(_ loss: Loss, _ options: OptionSet) throws(ServiceError) -> Model {
        let wanted = loss.network
        guard try options.text(.model) == nil else {
            let model = try named(in: options)
            guard wanted.fits(model.network.architecture) else {
                throw ServiceError(
                    .presetUnavailable,
                    "The loss \(loss.name) is defined on \(wanted.description), and the model "
                        + "named is \(model.network.architecture.rawValue); name another, or leave "
                        + "the option model out.")
            }
            return model
        }
        let candidates = all.filter { wanted.fits($0.network.architecture) }
        guard let first = candidates.first else {
            let preprocessing = wanted.weights.map { " and --preprocessing \($0.rawValue)" } ?? ""
            throw ServiceError(
                .presetUnavailable,
                "The loss \(loss.name) is defined on \(wanted.description), of which none is "
                    + "loaded; start the server with --weights FILE\(preprocessing), the file with "
                    + "such a network.")
        }
        return candidates.first { wanted.weights == $0.network.family } ?? first
    }
}

extension LossNetwork {
    fileprivate func fits(_ own: Architecture) -> Bool {
        architecture == nil || architecture == own
    }

    /// `vgg19 with the weights of torchvision`.
    fileprivate var description: String {
        let network = architecture?.rawValue ?? "any VGG"
        return weights.map { "\(network) with the weights of \($0.rawValue)" } ?? network
    }
}
