import Codecs

extension Submission {
    /// The factors of the samples' gradients, from the option or a tensor of that name; nil for none.
    ///
    /// - Throws: `invalid_option`, and for a tensor `shape_mismatch`, `dtype_unsupported` and
    ///   `non_finite_input`.
    func cotangent(_ set: OptionSet, samples: Int) throws(ServiceError) -> [Double]? {
        let name = OptionName.cotangent.rawValue
        let given = try set.numbers(.cotangent)
        guard let content = parts(named: name).first else {
            guard let given else { return nil }
            guard given.count == samples else {
                throw ServiceError(
                    .invalidOption,
                    "The option cotangent must be \(samples) numbers, one a sample; there are "
                        + "\(given.count).")
            }
            return given
        }
        guard given == nil, parts(named: name).count == 1 else {
            throw ServiceError(.badRequest, "The cotangent is there twice; send it once.")
        }
        let (view, payload) = try Self.cotangent(content, name)
        guard view.elementType == .float32 || view.elementType == .float64 else {
            throw ServiceError(
                .dtypeUnsupported, "The tensor cotangent must be float32 or float64.")
        }
        guard view.shape.count <= 1, view.elementCount == samples else {
            throw ServiceError(
                .shapeMismatch,
                "The tensor cotangent must have \(samples) values, one a sample; its shape is "
                    + "\(view.shape).")
        }
        do {
            return try payload.withSpan { bytes throws(ElementError) in
                try Elements.float64(view, of: bytes)
            }
        } catch {
            throw ServiceError(error, role: name)
        }
    }

    private static func cotangent(
        _ content: Content, _ name: String
    ) throws(ServiceError) -> (TensorView, Payload) {
        switch content {
        case .statistics: throw ServiceError.strayStatistics(name)
        case .tensor(let view, let payload): return (view, payload)
        case .file(let payload, let contentType):
            let found = try PartKind.find(name, payload, contentType: contentType)
            guard case .npy = found.kind else {
                throw ServiceError(
                    .unsupportedMediaType,
                    "The part cotangent is sent as npy, not as an image file.")
            }
            return (try npy(payload, name), payload)
        }
    }
}
