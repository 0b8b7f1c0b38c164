import Codecs
import HTTP
import Inference

/// The gradients in an answer of losses: by the outputs, in the units, the shape and the order of the
/// values sent.
struct LossGradients: Sendable {
    let options: GradientOptions
    let tensors: ImageGradientTensors
    /// By part, then by pair, in the values' units.
    let values: [[[Float]]]

    /// - Throws: `non_finite_result`.
    init(
        _ options: GradientOptions, _ outputs: ImageList, _ gradients: [[ImageGradient]]
    ) throws(ServiceError) {
        self.options = options
        let tensors = ImageGradientTensors(outputs)
        self.tensors = tensors
        values = gradients.map { ofPart in
            ofPart.enumerated().map { tensors.values(of: $1, number: $0) }
        }
        for ofPart in values {
            for (pair, gradient) in ofPart.enumerated() where !gradient.allSatisfy(\.isFinite) {
                throw ServiceError(
                    .nonFiniteResult, "The gradient of pair \(pair) is not finite.")
            }
        }
    }

    /// Bytes of the values of so many parts and of the answer made of them, whichever form it has.
    static func bytes(_ outputs: ImageList, parts: Int) -> (work: Int, answer: Int) {
        let values = outputs.pixels.times(16).times(parts)
        return (values.times(2), values.times(3) / 2)
    }

    /// The Euclidean norm of each part's gradient of a pair.
    func norms(ofPair pair: Int) -> JSON {
        byPart { part in
            let squares = values[part][pair].reduce(0.0) { $0 + Double($1) * Double($1) }
            return .number(squares.squareRoot())
        }
    }

    /// The gradients of a pair in the form that arrays are sent in.
    func arrays(ofPair pair: Int) -> JSON {
        byPart { part in
            let bytes = values[part][pair].flatMap { value in
                withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
            }
            return [
                "dtype": "float32",
                "shape": .array(tensors.sampleShape(of: pair).map(JSON.integer)),
                "data": .string(Base64.encode(bytes)),
            ]
        }
    }

    // The total's own value, or an object of terms.
    private func byPart(_ value: (Int) -> JSON) -> JSON {
        guard options.parts.count > 1 || options.parts[0].term != nil else { return value(0) }
        return .object(
            options.parts.enumerated().map { JSON.Member($1.term ?? "total", value($0)) })
    }

    /// The tensors of the gradients, those of all pairs in one where they fit.
    func safetensors() -> [SafetensorsTensor] {
        options.parts.enumerated().flatMap { index, part -> [SafetensorsTensor] in
            guard let shape = tensors.shape else {
                return values[index].enumerated().map { pair, values in
                    SafetensorsTensor(
                        "\(part.name).\(pair)", shape: tensors.sampleShape(of: pair),
                        float32: values)
                }
            }
            return [
                SafetensorsTensor(part.name, shape: shape, float32: values[index].flatMap(\.self))
            ]
        }
    }
}
