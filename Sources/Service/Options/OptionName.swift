/// The options of requests, under the names they have in a query and in JSON.
enum OptionName: String, CaseIterable, Sendable {
    case preset
    case loss
    case model
    case anyWeights = "any_weights"
    case layers
    case styleLayers = "style_layers"
    case perceptualLayers = "perceptual_layers"
    case gram
    case statistic
    case layout
    case range
    case maskPolarity = "mask_polarity"
    case termWeights = "term_weights"
    case gradient
    case gradientOf = "gradient_of"
    case gradientDType = "gradient_dtype"
    case cotangent
    case outOfRange = "out_of_range"
    case targetWeights = "target_weights"
    case precision
    case resize
    case resizeFilter = "resize_filter"
    case antialias
    case enlarge
    case pyramid
    case maps
    case mapsSize = "maps_size"

    /// What each endpoint understands.
    static let losses = allCases.filter { $0 != .statistic }
    static let comparison = losses.filter {
        !gradients.contains($0) && ![.maps, .mapsSize].contains($0)
    }
    static let featureLosses: [OptionName] = [
        .preset, .loss, .layers, .styleLayers, .perceptualLayers, .gram, .layout, .termWeights,
        .gradient, .gradientDType, .cotangent,
    ]
    static let features: [OptionName] = [.preset, .loss, .model, .layers, .layout, .range]
    static let featureGradients: [OptionName] = [
        .model, .layout, .range, .outOfRange, .gradientDType,
    ]
    static let gramMatrices: [OptionName] = [
        .preset, .loss, .model, .layers, .gram, .statistic, .layout, .range,
    ]
    static let targets: [OptionName] = [.layout, .range]

    private static let gradients: [OptionName] = [
        .gradient, .gradientOf, .gradientDType, .cotangent,
    ]
}

/// A name with a factor: one element of a list of layers or of `term_weights`.
struct NamedWeight: Sendable, Equatable {
    let name: String
    let weight: Double
}
