import Codecs
import HTTP
import Inference

/// The answer of POST /v1/features/gradient.
struct ImageGradientAnswer: Sendable {
    private let images: ImageList
    private let network: Network
    private let dtype: GradientOptions.DType

    /// - Throws: 406 where the client does not take safetensors.
    init(
        _ images: ImageList, _ network: Network, _ set: OptionSet, accept: String?
    ) throws(ServiceError) {
        guard MediaType.negotiate(accept: accept, offers: [.safetensors]) != nil else {
            throw ServiceError(
                .notAcceptable, "The answer is application/safetensors; accept that.")
        }
        self.images = images
        self.network = network
        dtype = try set.choice(.gradientDType) ?? .float32
    }

    /// Bytes of the answer.
    var bytes: Int { count.times(dtype == .float16 ? 2 : 4).plus(8192) }

    /// Bytes of the gradients beside the answer.
    var workBytes: Int {
        images.pixels.times(12).plus(count.times(dtype == .float16 ? 6 : 4))
            .plus(ImageGradientTensors.unclampedBytes(images))
    }

    private var count: Int { ImageGradientTensors.count(images) }

    /// The answer; the gradients are in the order of the images, which are of one size.
    /// - Throws: `non_finite_result`.
    func response(
        _ gradients: [ImageGradient], _ warnings: [Warning], _ team: Team
    ) throws(ServiceError) -> HTTPServerResponse {
        let tensors = try ImageGradientTensors(images) { team.isCancelled }
        let arrays = try team.map(gradients.count) { number throws(ServiceError) in
            let array = try tensors.array(
                of: gradients[number], number: number, as: dtype, checking: team.checkWanted)
            guard let array else {
                throw ServiceError(
                    .nonFiniteResult, "The gradient is not finite; scale the cotangents down.")
            }
            return array
        }
        let scales = arrays.compactMap(\.scale)
        var written =
            scales.isEmpty
            ? []
            : [SafetensorsTensor("gradient_scale", shape: [scales.count], float64: scales)]
        if let shape = tensors.shape {
            written.append(SafetensorsTensor("gradient", shape: shape, arrays.map(\.elements)))
        } else {
            written += arrays.enumerated().map {
                SafetensorsTensor("gradient.\($0)", shape: $1.shape, [$1.elements])
            }
        }
        var metadata = [
            "model": network.name, "sha256": network.sha256,
            "preprocessing": network.preprocessing.name,
            "gradient_with_respect_to": "image, \(tensors.units)",
        ]
        metadata["warnings"] = warnings.lines
        return HTTPServerResponse(
            type: MediaType.safetensors.essence,
            body: try SafetensorsFile.encode(
                written, metadata: metadata, checking: team.checkWanted))
    }
}
