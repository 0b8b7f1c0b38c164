import Codecs

/// What the parts of a form, the tensors of a safetensors file and the members of a JSON body may be
/// called at one endpoint.
struct PartNames: Sendable {
    /// Images.
    var images: [String] = []
    /// Tensors of layers: `output` stands for `output.<layer>`.
    var layered: [String] = []
    /// Arrays of one number a sample, which may be options as well where they are text.
    var vectors: [String] = []
    /// Images that need not be there.
    var optional: Set<String> = []
    /// Options, which a form may have as fields.
    let options: [OptionName]

    static let losses = PartNames(
        images: ["output", "target", "style_target", "perceptual_target", "mask"],
        vectors: [GradientOptions.cotangentPart],
        optional: ["target", "style_target", "perceptual_target", "mask"],
        options: OptionName.losses)
    static let featureLosses = PartNames(
        layered: ["output", "target"], vectors: [GradientOptions.cotangentPart],
        options: OptionName.featureLosses)
    static let features = PartNames(images: ["image"], options: OptionName.features)
    static let featureGradients = PartNames(
        images: ["image"], layered: ["cotangent"], options: OptionName.featureGradients)
    static let gramMatrices = PartNames(
        images: ["image"], layered: ["features"], options: OptionName.gramMatrices)

    /// Every name of an image anywhere.
    static let everyImage = losses.images + features.images

    /// Whether a part has such a name.
    func contains(_ name: String) -> Bool {
        images.contains(name) || vectors.contains(name)
            || layered.contains { prefix in
                name.hasPrefix("\(prefix).")
                    && Submission.isLayerName(name.dropFirst(prefix.utf8.count + 1))
            }
    }

    /// Whether a part is an array and not the text of the option of that name.
    func isVector(_ name: String, _ payload: Payload) -> Bool {
        vectors.contains(name) && payload.withSpan { MediaSniffer.kind(of: $0) } == .npy
    }

    /// The part that a reference stands for: `target` of `target_ref`.
    func referenced(_ name: String) -> String? {
        guard name.hasSuffix("_ref") else { return nil }
        let role = String(name.dropLast(4))
        return LossTargets.Role(rawValue: role) != nil && images.contains(role) ? role : nil
    }

    func option(_ name: String) -> OptionName? {
        OptionName(rawValue: name).flatMap { options.contains($0) ? $0 : nil }
    }

    /// Whether a field that a browser's form sends empty, when nothing was chosen in it, is as good as
    /// none. An empty list of layers says something.
    func mayBeEmpty(_ name: String) -> Bool {
        if let option = option(name) {
            return ![.layers, .styleLayers, .perceptualLayers].contains(option)
        }
        return optional.contains(name) || name == "options" || referenced(name) != nil
    }

    /// The name of a part that means something here. Names from outside become `String`s here and only
    /// when they are ASCII, which `String` compares in linear time.
    func name(_ text: UTF8Text) throws(ServiceError) -> String {
        guard let name = text.name, contains(name) else { throw unknown(text) }
        return name
    }

    private func unknown(_ text: UTF8Text) -> ServiceError {
        if let name = text.name, let option = option(name) {
            return ServiceError(
                .badRequest,
                "\(option.rawValue) is an option and no image: write \"options\": "
                    + "{\"\(option.rawValue)\": ...}, or put it into the query.")
        }
        let references = images.filter { referenced("\($0)_ref") != nil }.map { "\($0)_ref" }
        let parts = images + references + layered.map { "\($0).<layer>" } + vectors + ["options"]
        let near = Excerpt.suggestion(text.name, of: parts + options.map(\.rawValue))
        return ServiceError(
            .badRequest,
            "The body has \(Excerpt.quoted(text)), which means nothing here\(near); it may have "
                + "\(parts.joined(separator: ", ")).")
    }
}
