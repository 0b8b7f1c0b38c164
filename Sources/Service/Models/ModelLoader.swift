import Codecs
import Crypto
import Inference

/// Why the weights cannot be used; the sentence is for whoever starts the process.
public struct WeightsError: Error, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String
}

/// From files and the embedded bytes to networks, one of which has run once.
struct ModelLoader {
    let configuration: Configuration

    /// The smallest image every tap of every VGG accepts: pool5 needs 32.
    private static let warmUpSide = 32

    /// Maps and validates the weights, and prepares the engine for them.
    ///
    /// A network that nobody asks for costs address space: a kernel is transformed, and its pages are
    /// read, when a request first needs it.
    func load() throws(WeightsError) -> Models {
        let preprocessing = configuration[.preprocessing]
        let files = configuration[.weights]
        var networks: [Network] = []
        for file in files { networks.append(try network(file, preprocessing)) }
        networks.append(try embeddedNetwork(files.isEmpty ? preprocessing : nil))
        let buffers = BufferPool(retainedBytesMax: configuration[.bufferPoolBytes])
        return try Models(
            networks.map {
                Model(
                    extractor: Extractor(
                        network: $0, instructionSet: configuration[.instructionSet],
                        buffers: buffers))
            })
    }

    /// Runs the default loss once on a small image: what can fail fails now, and pages are touched.
    static func warmUp(_ model: Model, team: Team) throws(InferenceError) {
        let gray = [UInt8](repeating: 128, count: warmUpSide * warmUpSide)
        let image = Image(width: warmUpSide, height: warmUpSide, channels: 1, uint8: gray)
        let demands = try Presets.all[0].taps(in: model.network.architecture)
            .map { TapDemand(tap: $0, FeatureDemand(summaries: [SummaryDemand(0, .products)])) }
        _ = try model.extractor.run(images: [image], demands: demands, team: team)
    }

    private func embeddedNetwork(_ preprocessing: Preprocessing?) throws(WeightsError) -> Network {
        let bytes = unsafe EmbeddedResources.weights
        return try unsafe network(
            "vgg16-imagenet", stem: "", EmbeddedResources.weightsSHA256, bytes, owner: nil,
            preprocessing,
            checksEveryWeight: false)
    }

    private func network(
        _ weights: WeightsFile, _ preprocessing: Preprocessing?
    ) throws(WeightsError) -> Network {
        let path = weights.path
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw WeightsError(description: "\(path): \(error)")
        }
        do {
            return try withExtendedLifetime(file) { () throws(WeightsError) in
                // Both read every byte; what a request needs of them comes back by itself.
                defer { file.forgetPages() }
                return try unsafe network(
                    weights.name, stem: weights.stem, SHA256.hexadecimal(of: file.bytes),
                    file.bytes, owner: file, preprocessing, checksEveryWeight: true)
            }
        } catch {
            throw WeightsError(description: "\(path): \(error)")
        }
    }

    // The name given, else that of the metadata, else the file's.
    private func network(
        _ name: String?, stem: String, _ sha256: String, _ bytes: UnsafeRawBufferPointer,
        owner: MappedFile?, _ preprocessing: Preprocessing?, checksEveryWeight: Bool
    ) throws(WeightsError) -> Network {
        let file: SafetensorsFile
        do {
            file = try unsafe SafetensorsFile.parse(
                bytes.bindMemory(to: UInt8.self).span,
                headerBytesMax: SafetensorsFile.formatHeaderBytesMax)
        } catch {
            let kind = unsafe MediaSniffer.kind(of: bytes.bindMemory(to: UInt8.self).span)
            guard kind == .safetensors else {
                let found = kind == .unknown ? "" : "; it looks like \(kind.rawValue)"
                throw WeightsError(description: "this is not a safetensors file\(found)")
            }
            throw WeightsError(description: error.description)
        }
        let tensors = file.tensors.map { name, view in
            unsafe WeightTensor(
                name: name.string, elementType: Self.elementType(view.elementType),
                shape: view.shape,
                bytes: UnsafeRawBufferPointer(rebasing: bytes[view.byteRange]), owner: owner)
        }
        let metadata = file.metadataStrings
        let name = name ?? metadata["name"] ?? stem
        try Self.check(name)
        do {
            return try Network(
                name: name, sha256: sha256, tensors: tensors, metadata: metadata,
                preprocessing: preprocessing, checksEveryWeight: checksEveryWeight)
        } catch {
            throw WeightsError(description: error.description + ".")
        }
    }

    /// - Throws: when no request could give the name.
    private static func check(_ name: String) throws(WeightsError) {
        let isPrintable = name.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        guard isPrintable, (1...UTF8Text.nameBytesMax).contains(name.utf8.count) else {
            throw WeightsError(
                description: "The network's name must be of 1 to \(UTF8Text.nameBytesMax) ASCII "
                    + "characters; give it one with --weights NAME=FILE.")
        }
    }

    private static func elementType(_ type: ElementType) -> WeightTensor.ElementType {
        switch type {
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .float32: .float32
        default: .other(type.rawValue)
        }
    }
}
