/// One convolution of a network: its place in the table and its parameters.
public struct ConvolutionWeights: Sendable {
    /// The place in the network, the channels.
    public let shape: ConvolutionShape
    /// The kernels, (outChannels, inChannels, 3, 3), applied as a cross-correlation.
    public let weights: WeightTensor
    /// The biases, one an output channel.
    public let bias: [Float]
}

/// The weights of a network and what they are fed with: equal ones give equal features.
public struct NetworkIdentity: Sendable, Hashable {
    let sha256: String
    let preprocessing: Preprocessing
}

/// A VGG with its weights: validated, immutable and cheap to copy, for it holds views.
public struct Network: Sendable {
    /// The name that answers echo, such as `vgg16-imagenet`.
    public let name: String
    /// The SHA-256 of the weights file, in lower-case hexadecimal.
    public let sha256: String
    /// Which table of layers the weights fill.
    public let architecture: Architecture
    /// What the weights expect of their input.
    public let preprocessing: Preprocessing
    /// What the metadata says of it, where the one in use was given and is another.
    public let overriddenPreprocessing: Preprocessing?
    /// Every convolution, in network order.
    public let convolutions: [ConvolutionWeights]

    /// A network from tensors with torchvision's names, `features.N.weight` (O, I, 3, 3) and
    /// `features.N.bias` (O), in F16, BF16 or F32. `classifier.*` is ignored.
    ///
    /// The architecture follows from the names and shapes. All convolutions must be there, nothing
    /// else may be, and batch-normalised variants are refused. Preprocessing is the one given, else
    /// what `metadata` declares (`Preprocessing.init(metadata:)`).
    /// - Parameter checksEveryWeight: reads all weights once to refuse infinities and NaN. Pass
    ///   false for weights known by their digest: then only biases are read, and pages of the file
    ///   stay untouched until a layer needs them.
    public init(
        name: String, sha256: String, tensors: [WeightTensor], metadata: [String: String],
        preprocessing: Preprocessing? = nil, checksEveryWeight: Bool = true
    ) throws(NetworkError) {
        let features = try Self.features(of: tensors)
        let architecture = try Self.architecture(of: features)
        var convolutions: [ConvolutionWeights] = []
        for shape in VGG.convolutions(architecture) {
            let stem = "features.\(shape.featureIndex)"
            let kernels = [shape.outChannels, shape.inChannels, 3, 3]
            let weights = try Self.tensor("\(stem).weight", shape: kernels, in: features)
            let bias = try Self.tensor("\(stem).bias", shape: [shape.outChannels], in: features)
            for tensor in checksEveryWeight ? [weights, bias] : [bias] where !tensor.isFinite {
                throw NetworkError("the weights' tensor \(tensor.name) holds infinity or NaN")
            }
            convolutions.append(
                ConvolutionWeights(shape: shape, weights: weights, bias: bias.floats()))
        }
        if let preprocessing {
            self.preprocessing = preprocessing
            overriddenPreprocessing = Self.declared(in: metadata, otherThan: preprocessing)
        } else {
            self.preprocessing = try Preprocessing(metadata: metadata)
            overriddenPreprocessing = nil
        }
        self.name = name
        self.sha256 = sha256
        self.architecture = architecture
        self.convolutions = convolutions
    }
}

extension Network {
    /// What makes its features what they are.
    public var identity: NetworkIdentity {
        NetworkIdentity(sha256: sha256, preprocessing: preprocessing)
    }

    /// The training that the preprocessing belongs to; nil for one of its own.
    public var family: LossNetwork.Weights? {
        LossNetwork.Weights.allCases.first { $0.preprocessing.hasSameNumbers(as: preprocessing) }
    }

    // Metadata that says nothing or contradicts itself is what a given preprocessing is for.
    private static func declared(
        in metadata: [String: String], otherThan given: Preprocessing
    ) -> Preprocessing? {
        do {
            let declared = try Preprocessing(metadata: metadata)
            return declared.hasSameNumbers(as: given) ? nil : declared
        } catch {
            return nil
        }
    }

    private static func features(
        of tensors: [WeightTensor]
    ) throws(NetworkError) -> [String: WeightTensor] {
        var features: [String: WeightTensor] = [:]
        for tensor in tensors where !tensor.name.hasPrefix("classifier.") {
            let isNormalisation =
                tensor.name.hasSuffix(".running_mean") || tensor.name.hasSuffix(".running_var")
                || tensor.name.hasSuffix(".num_batches_tracked")
                || tensor.name.hasSuffix(".weight") && tensor.shape.count == 1
            guard !isNormalisation else {
                throw NetworkError(
                    "the weights hold batch normalisation (\(tensor.name)); "
                        + "use VGG-16 or VGG-19 weights without it")
            }
            guard features.updateValue(tensor, forKey: tensor.name) == nil else {
                throw NetworkError("the weights hold the tensor \(tensor.name) twice")
            }
        }
        return features
    }

    private static func architecture(
        of features: [String: WeightTensor]
    ) throws(NetworkError) -> Architecture {
        let strangers = Architecture.allCases.map { architecture in
            let names = names(of: architecture)
            return (architecture, features.keys.filter { !names.contains($0) }.sorted())
        }
        // The one that fits best, so that the sentence names what is really odd.
        guard let best = strangers.min(by: { $0.1.count < $1.1.count }) else { return .vgg16 }
        guard let name = best.1.first else { return best.0 }
        throw NetworkError(
            "the weights' tensor \(name) belongs to neither VGG-16 nor VGG-19; "
                + "torchvision's names features.N.weight and features.N.bias are expected")
    }

    private static func names(of architecture: Architecture) -> Set<String> {
        Set(
            VGG.convolutions(architecture).flatMap {
                ["features.\($0.featureIndex).weight", "features.\($0.featureIndex).bias"]
            })
    }

    private static func tensor(
        _ name: String, shape: [Int], in features: [String: WeightTensor]
    ) throws(NetworkError) -> WeightTensor {
        guard let tensor = features[name] else {
            throw NetworkError(
                "the weights lack the tensor \(name); "
                    + "every convolution of VGG-16 or VGG-19 is needed")
        }
        guard tensor.shape == shape else {
            throw NetworkError(
                "the weights' tensor \(name) has shape \(tensor.shape), not \(shape)")
        }
        if case .other(let type) = tensor.elementType {
            throw NetworkError(
                "the weights' tensor \(name) is \(type); F16, BF16 and F32 are read")
        }
        guard tensor.hasConsistentByteCount else {
            throw NetworkError("the weights' tensor \(name) has bytes that do not fit its shape")
        }
        return tensor
    }
}
