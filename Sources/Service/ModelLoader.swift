import Codecs
import Crypto
import Inference

/// Why the weights cannot be used; the sentence is for whoever starts the process.
public struct WeightsError: Error, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String
}

/// From the embedded bytes or a file to a network that has run once.
struct ModelLoader {
    let configuration: Configuration

    /// The smallest image every tap of every VGG accepts: pool5 needs 32.
    private static let warmUpSide = 32

    /// Maps and validates the weights, and prepares the engine for them.
    func load() throws(WeightsError) -> Model {
        let preprocessing = configuration[.preprocessing]
        let network: Network
        if let path = configuration[.weights] {
            network = try self.network(path: path, preprocessing)
        } else {
            network = try embeddedNetwork(preprocessing)
        }
        return Model(
            extractor: Extractor(
                network: network, instructionSet: configuration[.instructionSet],
                bufferBytesMax: configuration[.bufferPoolBytes]))
    }

    /// Runs every layer once on a small image: what can fail fails now, and pages are touched.
    static func warmUp(_ model: Model, team: Team) throws(InferenceError) {
        let gray = [UInt8](repeating: 128, count: warmUpSide * warmUpSide)
        let image = Image(width: warmUpSide, height: warmUpSide, channels: 1, uint8: gray)
        let demands = try Presets.all[0].taps(in: model.network.architecture)
            .map { TapDemand(tap: $0, FeatureDemand(summaries: [SummaryDemand(0, .products)])) }
        _ = try model.extractor.run(images: [image], demands: demands, team: team)
    }

    private func embeddedNetwork(_ preprocessing: Preprocessing?) throws(WeightsError) -> Network {
        let bytes = EmbeddedResources.weights
        return try network(
            "vgg16-imagenet", EmbeddedResources.weightsSHA256, bytes, owner: nil, preprocessing,
            checksEveryWeight: false)
    }

    private func network(path: String, _ preprocessing: Preprocessing?) throws(WeightsError)
        -> Network
    {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw WeightsError(description: "\(path): \(error)")
        }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let stem =
            name.hasSuffix(".safetensors") ? String(name.dropLast(".safetensors".count)) : name
        do {
            return try withExtendedLifetime(file) { () throws(WeightsError) in
                try network(
                    stem, SHA256.hexadecimal(of: file.bytes), file.bytes, owner: file,
                    preprocessing,
                    checksEveryWeight: true)
            }
        } catch {
            throw WeightsError(description: "\(path): \(error)")
        }
    }

    private func network(
        _ name: String, _ sha256: String, _ bytes: UnsafeRawBufferPointer, owner: MappedFile?,
        _ preprocessing: Preprocessing?, checksEveryWeight: Bool
    ) throws(WeightsError) -> Network {
        let file: SafetensorsFile
        do {
            file = try SafetensorsFile.parse(
                bytes.bindMemory(to: UInt8.self).span,
                headerBytesMax: SafetensorsFile.formatHeaderBytesMax)
        } catch {
            let kind = MediaSniffer.kind(of: bytes.bindMemory(to: UInt8.self).span)
            guard kind == .safetensors else {
                let found = kind == .unknown ? "" : "; it looks like \(kind.rawValue)"
                throw WeightsError(description: "this is not a safetensors file\(found)")
            }
            throw WeightsError(description: error.description)
        }
        let tensors = file.tensors.map { name, view in
            WeightTensor(
                name: name.string, elementType: Self.elementType(view.elementType),
                shape: view.shape,
                bytes: UnsafeRawBufferPointer(rebasing: bytes[view.byteRange]), owner: owner)
        }
        do {
            return try Network(
                name: name, sha256: sha256, tensors: tensors, metadata: file.metadataStrings,
                preprocessing: preprocessing, checksEveryWeight: checksEveryWeight)
        } catch {
            throw WeightsError(description: error.description + ".")
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
