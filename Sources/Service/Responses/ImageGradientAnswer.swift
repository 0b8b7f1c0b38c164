import Codecs
import HTTP
import Inference

/// The answer of POST /v1/features/gradient.
struct ImageGradientAnswer: Sendable {
    private let images: ImageList
    private let network: Network

    init(_ images: ImageList, _ network: Network) {
        self.images = images
        self.network = network
    }

    /// Bytes of the gradients, and of their encoding.
    var bytes: Int { images.pixels.times(16) }

    /// The answer; the gradients are in the order of the images, which are of one size.
    /// - Throws: `non_finite_result`.
    func response(_ gradients: [ImageGradient]) throws(ServiceError) -> HTTPServerResponse {
        guard gradients.allSatisfy({ $0.values.allSatisfy(\.isFinite) }) else {
            throw ServiceError(
                .nonFiniteResult, "The gradient is not finite; scale the cotangents down.")
        }
        let tensors = ImageGradientTensors(images)
        let values = gradients.enumerated().flatMap { tensors.values(of: $1, number: $0) }
        let metadata = [
            "model": network.name, "sha256": network.sha256,
            "preprocessing": network.preprocessing.name,
        ]
        let body = SafetensorsFile.encode(
            [SafetensorsTensor("gradient", shape: tensors.shape ?? [], float32: values)],
            metadata: metadata)
        return HTTPServerResponse(type: MediaType.safetensors.essence, body: body)
    }
}
