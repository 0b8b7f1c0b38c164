import Codecs
import HTTP
import Inference

/// What a request asks of gradients of losses.
package struct GradientOptions: Sendable {
    /// With respect to what.
    enum Variable: String, CaseIterable, Sendable { case output }

    /// How the values are written: half precision with a power of two a sample.
    package enum DType: String, CaseIterable, Sendable { case float32, float16 }

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
    /// nil for the type that the inputs have.
    let dtype: DType?
    /// A factor a sample; nil for ones.
    let cotangent: [Double]?
    /// The form of the answer.
    let type: MediaType

    /// nil when no gradient is asked for.
    ///
    /// - Parameter samples: of the batch; a cotangent has as many.
    /// - Throws: `invalid_option`, `shape_mismatch` and `non_finite_input` for cotangents, and 406
    ///   where the client takes neither form.
    init?(
        _ set: OptionSet, _ submission: Submission, _ loss: Loss, hasMask: Bool, samples: Int,
        accept: String?
    ) throws(ServiceError) {
        let hasTensor = !submission.parts(named: Self.cotangentPart).isEmpty
        guard try set.choice(.gradient, Variable.self) != nil else {
            try Self.refuseIdle(set, hasTensor: hasTensor)
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
        dtype = try set.choice(.gradientDType)
        parts = try Self.parts(try set.names(.gradientOf) ?? ["total"], loss, hasMask: hasMask)
        cotangent = try submission.cotangent(set, samples: samples)
    }

    /// The name of a tensor of cotangents.
    static let cotangentPart = OptionName.cotangent.rawValue

    /// The factor of a sample's gradient.
    func cotangent(of sample: Int) -> Double { cotangent?[sample] ?? 1 }

    private static func refuseIdle(_ set: OptionSet, hasTensor: Bool) throws(ServiceError) {
        let idle = [OptionName.gradientOf, .gradientDType, .cotangent].first {
            set.has($0) || $0 == .cotangent && hasTensor
        }
        guard let idle else { return }
        throw ServiceError(
            .invalidOption, "The option \(idle.rawValue) needs the option gradient=output.")
    }

    private static func parts(
        _ names: [String], _ loss: Loss, hasMask: Bool
    ) throws(ServiceError) -> [Part] {
        let present = loss.terms.filter {
            (hasMask || !$0.needsMask) && $0.features?.layers.isEmpty != true
        }
        let keys = ["total"] + present.map(\.key)
        var parts: [Part] = []
        for name in names {
            guard keys.contains(name) else { throw stranger(name, keys, loss) }
            let term = name == "total" ? nil : name
            guard !parts.contains(where: { $0.term == term }) else {
                throw ServiceError(
                    .invalidOption, "The option gradient_of has \(name) twice; give it once.")
            }
            let terms = loss.terms.indices.filter { term == nil || loss.terms[$0].key == term }
            parts.append(Part(term: term, terms: Set(terms)))
        }
        return parts
    }

    private static func stranger(_ name: String, _ keys: [String], _ loss: Loss) -> ServiceError {
        if let term = loss.terms.first(where: { $0.key == name }) {
            let reason = term.needsMask ? "needs a mask; send one" : "is switched off"
            return ServiceError(
                .invalidOption, "The option gradient_of names \(term.key), which \(reason).")
        }
        let near = Excerpt.suggestion(name, of: keys)
        return ServiceError(
            .invalidOption,
            "The option gradient_of names no term\(near); there are "
                + "\(keys.joined(separator: ", ")).")
    }
}

extension GradientOptions {
    /// What gradients there are, for `/v1/info`.
    static var capability: JSON {
        func names<Choice: RawRepresentable<String>>(_ choices: [Choice]) -> JSON {
            .array(choices.map { .string($0.rawValue) })
        }
        return [
            "paths": ["/v1/losses", "/v1/losses/features", "/v1/features/gradient"],
            "gradient": names(Variable.allCases), "gradient_dtype": names(DType.allCases),
            "out_of_range": names(OutOfRange.allCases),
        ]
    }

    /// The options in force, as answers echo them.
    /// - Parameter variable: what the gradients are with respect to, in a client's words.
    func echo(_ variable: String) -> [JSON.Member] {
        var members: [JSON.Member] = [
            .init("gradient", .string(Variable.output.rawValue)),
            .init("gradient_of", .array(parts.map { .string($0.term ?? "total") })),
            .init("gradient_with_respect_to", .string(variable)),
        ]
        if let dtype { members.append(.init("gradient_dtype", .string(dtype.rawValue))) }
        if let cotangent {
            members.append(.init("cotangent", .array(cotangent.map(JSON.number))))
        }
        return members
    }
}
