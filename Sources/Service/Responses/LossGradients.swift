import Codecs
import HTTP
import Inference

/// The gradients in an answer of losses.
struct LossGradients: Sendable {
    /// What has one name in the answer: of each sample, the gradient of one part of the loss with
    /// respect to one input.
    struct Entry: Sendable {
        /// Its key in JSON; nil for an entry that is alone and needs none.
        let key: String?
        /// The name of its tensor behind `gradient`: nothing, or a dot and more.
        let suffix: String
        /// The shape of all samples in one tensor; nil where they fit none.
        let shape: [Int]?
        let arrays: [GradientArray]
    }

    let options: GradientOptions
    /// What the gradients are with respect to, in a client's words.
    let variable: String
    let entries: [Entry]

    init(_ options: GradientOptions, variable: String, _ entries: [Entry]) {
        (self.options, self.variable, self.entries) = (options, variable, entries)
    }

    /// The options in force, as answers echo them.
    var echo: [JSON.Member] { options.echo(variable) }

    /// The Euclidean norm of each gradient of a sample.
    func norms(of sample: Int) -> JSON { byEntry { .number($0.arrays[sample].norm) } }

    /// The gradients of a sample in the form that arrays are sent in.
    /// - Throws: `deadline_exceeded`.
    func arrays(of sample: Int, _ team: Team) throws(ServiceError) -> JSON {
        try byEntry { entry throws(ServiceError) in
            try entry.arrays[sample].json(checking: team.checkWanted)
        }
    }

    private func byEntry<Failure: Error>(
        _ value: (Entry) throws(Failure) -> JSON
    ) throws(Failure) -> JSON {
        guard let first = entries.first else { return .null }
        guard let key = first.key else { return try value(first) }
        return .object(
            try entries.map { entry throws(Failure) in
                JSON.Member(entry.key ?? key, try value(entry))
            })
    }

    /// The tensors: the gradients of all samples in one where they fit, with their scales beside them.
    func safetensors() -> [SafetensorsTensor] {
        let scales = entries.compactMap { entry -> SafetensorsTensor? in
            let scales = entry.arrays.compactMap(\.scale)
            guard !scales.isEmpty else { return nil }
            return SafetensorsTensor(
                "gradient_scale\(entry.suffix)", shape: [scales.count], float64: scales)
        }
        return scales
            + entries.flatMap { entry -> [SafetensorsTensor] in
                let name = "gradient\(entry.suffix)"
                guard let shape = entry.shape else {
                    return entry.arrays.enumerated().map {
                        SafetensorsTensor("\(name).\($0)", shape: $1.shape, [$1.elements])
                    }
                }
                return [SafetensorsTensor(name, shape: shape, entry.arrays.map(\.elements))]
            }
    }
}

extension LossGradients {
    /// With respect to the outputs, in the units, the shape and the order of the values sent.
    ///
    /// - Parameter gradients: by part, then by pair.
    /// - Throws: `non_finite_result`, `deadline_exceeded`.
    init(
        _ options: GradientOptions, _ outputs: ImageList, _ gradients: [[ImageGradient]],
        _ team: Team
    ) throws(ServiceError) {
        let tensors = try ImageGradientTensors(outputs) { team.isCancelled }
        let arrays = try team.map(gradients.count * outputs.count) { item throws(ServiceError) in
            let (part, pair) = item.quotientAndRemainder(dividingBy: outputs.count)
            let array = try tensors.array(
                of: gradients[part][pair], number: pair, times: options.cotangent(of: pair),
                as: options.dtype, checking: team.checkWanted)
            guard let array else {
                throw ServiceError(
                    .nonFiniteResult, "The gradient of pair \(pair) is not finite.")
            }
            return array
        }
        let isNamed = options.parts.count > 1 || options.parts[0].term != nil
        self.init(
            options, variable: "output, \(tensors.units)",
            options.parts.enumerated().map { index, part in
                Entry(
                    key: isNamed ? part.term ?? "total" : nil,
                    suffix: part.term.map { ".\($0)" } ?? "", shape: tensors.shape,
                    arrays: Array(arrays[index * outputs.count..<(index + 1) * outputs.count]))
            })
    }

    /// Bytes that gradients with respect to images take beside the engine's, and of the answer.
    static func bytes(_ outputs: ImageList, _ options: GradientOptions) -> (work: Int, answer: Int)
    {
        let count = ImageGradientTensors.count(outputs).times(options.parts.count)
        let isHalf = options.dtype == .float16
        let work = count.times(isHalf ? 6 : 4).plus(ImageGradientTensors.unclampedBytes(outputs))
        return bytes(work, data: count.times(isHalf ? 2 : 4), options, samples: outputs.count)
    }

    /// Those of the answer, and of what is made on the way to it, for so many bytes of values.
    static func bytes(
        _ work: Int, data: Int, _ options: GradientOptions, samples: Int
    ) -> (work: Int, answer: Int) {
        let rest = (samples + 1).times(8192)
        guard options.type == .json else { return (work, data.plus(rest)) }
        let text = data.times(4) / 3
        return (work.plus(data).plus(text), text.plus(rest))
    }
}
