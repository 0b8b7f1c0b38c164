import HTTP
import Inference

/// What a request asks of gradients.
struct GradientOptions: Sendable {
    /// With respect to what.
    enum Variable: String, CaseIterable, Sendable { case output }

    /// One gradient: that of the total, or of one term's share in it.
    struct Part: Sendable {
        /// The key of the term; nil for the total.
        let term: String?
        /// The positions of the terms in the loss.
        let terms: Set<Int>

        /// `gradient`, or `gradient.<term>`.
        var name: String { term.map { "gradient.\($0)" } ?? "gradient" }
    }

    let parts: [Part]
    /// The form of the answer.
    let type: MediaType

    /// nil when no gradient is asked for.
    ///
    /// - Throws: `invalid_option`, and 406 where the client takes neither form.
    init?(_ set: OptionSet, _ loss: Loss, accept: String?) throws(ServiceError) {
        guard try set.choice(.gradient, Variable.self) != nil else {
            guard try set.text(.gradientOf) == nil else {
                throw ServiceError(
                    .invalidOption, "The option gradient_of needs the option gradient=output.")
            }
            return nil
        }
        guard
            let type = MediaType.negotiate(accept: accept, offers: [.safetensors, .json])
        else {
            throw ServiceError(
                .notAcceptable,
                "With a gradient the answer can be application/safetensors or application/json.")
        }
        self.type = type
        parts = try Self.parts(try set.text(.gradientOf) ?? "total", loss)
    }

    private static func parts(_ text: String, _ loss: Loss) throws(ServiceError) -> [Part] {
        var parts: [Part] = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            let term = name == "total" ? nil : String(name)
            let terms = loss.terms.indices.filter { term == nil || loss.terms[$0].key == term }
            guard !terms.isEmpty, !parts.contains(where: { $0.term == term }) else {
                let keys = (["total"] + loss.terms.map(\.key)).joined(separator: ", ")
                throw ServiceError(
                    .invalidOption,
                    "The option gradient_of must name, each once, some of \(keys).")
            }
            parts.append(Part(term: term, terms: Set(terms)))
        }
        return parts
    }
}
