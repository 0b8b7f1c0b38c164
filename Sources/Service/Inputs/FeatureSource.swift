import Codecs
import Inference

/// A tensor of features as it was sent: its dimensions are checked, its values are not read.
struct FeatureSource: Sendable {
    /// The name in the body, `output.pool1`.
    let name: String
    let dimensions: FeatureDimensions
    let view: TensorView
    let payload: Payload

    init(_ name: String, _ view: TensorView, _ payload: Payload, _ layout: FeatureLayout)
        throws(ServiceError)
    {
        self.name = name
        self.view = view
        self.payload = payload
        guard !view.elementType.isInteger else {
            throw ServiceError(
                .dtypeUnsupported,
                "The tensor \(name) holds integers; features are F16, BF16, F32 or F64.")
        }
        do {
            dimensions = try FeatureDimensions(name: name, sizes: view.shape, layout: layout)
        } catch {
            throw ServiceError(error)
        }
    }

    /// Bytes of the values once read, which keep double precision and widen what is narrower than
    /// single.
    var decodedBytes: Int {
        view.elementCount.times(view.elementType == .float64 ? 8 : 4)
            .times(view.isFortranOrder ? 2 : 1)
    }

    /// Reads the values.
    ///
    /// - Parameter isCancelled: asked every few hundred microseconds; once true, `deadline_exceeded`
    ///   is thrown.
    func decode(isCancelled: () -> Bool) throws(ServiceError) -> FeatureTensor {
        do {
            let elements = try payload.withSpan { bytes throws(ElementError) in
                view.elementType == .float64
                    ? FeatureTensor.Elements.float64(
                        try Elements.float64(view, of: bytes, isCancelled: isCancelled))
                    : .float32(try Elements.float32(view, of: bytes, isCancelled: isCancelled))
            }
            return FeatureTensor(dimensions, elements)
        } catch {
            throw ServiceError(error, role: name)
        }
    }
}
