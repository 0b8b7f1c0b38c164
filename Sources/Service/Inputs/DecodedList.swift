import Codecs
import Inference
import Synchronization

/// Something about a request that its sender may not have meant.
struct Warning: Sendable, Equatable {
    let code: String
    let detail: String

    static func alphaDropped(_ role: String) -> Warning {
        Warning(
            code: "alpha_dropped",
            detail:
                "An image of \(role) has alpha or a transparent colour; it was dropped, not "
                + "blended."
        )
    }

    var json: JSON { ["code": .string(code), "detail": .string(detail)] }
}

/// The decoded images of one role.
struct DecodedList: Sendable {
    let images: [Image]
    /// Whether alpha or a transparent colour was dropped, of each image.
    let dropsAlpha: [Bool]
    let warnings: [Warning]

    /// Decodes every source, several at a time when workers are idle.
    init(_ list: ImageList, _ team: Team) throws(ServiceError) {
        let decoded = Mutex(
            [Result<DecodedImages, ServiceError>?](repeating: nil, count: list.sources.count))
        team.parallel(list.sources.count) { index in
            let result = list.sources[index].decodeResult()
            decoded.withLock { $0[index] = result }
        }
        var sources: [DecodedImages] = []
        for result in decoded.withLock({ $0 }) {
            guard let result else { continue }
            sources.append(try result.get())
        }
        images = list.references.map { sources[$0.source].images[$0.sample] }
        dropsAlpha = list.references.map { sources[$0.source].dropsAlpha }
        let role = list.sources.first?.role ?? ""
        warnings = dropsAlpha.contains(true) ? [.alphaDropped(role)] : []
    }
}

extension ImageSource {
    fileprivate func decodeResult() -> Result<DecodedImages, ServiceError> {
        do {
            return .success(try decode())
        } catch {
            return .failure(error)
        }
    }
}
