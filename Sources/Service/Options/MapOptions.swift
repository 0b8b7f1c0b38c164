import HTTP
import Inference

/// What a request asks of maps of where images differ.
struct MapOptions: Sendable {
    /// The size of maps.
    enum Size: String, CaseIterable, Sendable {
        /// That of the layer's features.
        case tap
        /// That of the images.
        case input
    }

    /// One map of every pair.
    enum Picture: Sendable {
        case layer(MapPlace)
        /// The sum of a term's layers with their weights, at the images' size.
        case term(Int)
        /// The length of the gradient's RGB at each pixel.
        case gradient
    }

    /// In the order of the answer, with the names of their tensors without `map.`.
    let pictures: [(name: String, picture: Picture)]
    let size: Size
    /// The terms of which there is none although their layers were named.
    let warnings: [Warning]
    /// The form of the answer.
    let type: MediaType

    /// The layers of terms that have to be mapped.
    let places: Set<MapPlace>

    /// nil when no map is asked for.
    /// - Throws: `invalid_option`, and 406 where the client takes none of the forms.
    init?(
        _ set: OptionSet, _ loss: Loss, hasMask: Bool, pairs: Int, gradient: GradientOptions?,
        accept: String?
    ) throws(ServiceError) {
        let wanted = try set.weights(.maps)
        let size = try set.choice(.mapsSize, Size.self)
        guard let wanted, !wanted.isEmpty else {
            guard size == nil else {
                throw ServiceError(
                    .invalidOption,
                    "The option maps_size needs the option maps, which is not there.")
            }
            return nil
        }
        self.size = size ?? .tap
        var list = PictureList(loss: loss, hasMask: hasMask, isAtInput: size == .input)
        for item in wanted {
            guard item.weight == 1 else {
                throw ServiceError(
                    .invalidOption, "The option maps takes names without weights.")
            }
            if item.name == "gradient" {
                guard gradient != nil else {
                    throw ServiceError(
                        .invalidOption, "A map of the gradient needs the option gradient=output.")
                }
                list.pictures.append(("gradient", .gradient))
            } else {
                try list.add(item.name)
            }
        }
        pictures = list.pictures
        places = list.places
        warnings = list.warnings
        if let gradient {
            type = gradient.type
            return
        }
        let offers: [MediaType] =
            [.json, .safetensors] + (pairs == 1 && list.single != nil ? [.png] : [])
        guard let type = MediaType.negotiate(accept: accept, offers: offers) else {
            throw ServiceError(
                .notAcceptable,
                "With maps the answer can be application/json or application/safetensors, and "
                    + "image/png for one map of one pair: name one layer of one term, or one term with "
                    + "maps_size=input.")
        }
        self.type = type
    }

    /// The one map that a picture alone is of.
    var single: String? { PictureList.single(pictures) }
}

/// The maps asked for, while names are read.
private struct PictureList {
    typealias Item = (name: String, picture: MapOptions.Picture)

    let loss: Loss
    let hasMask: Bool
    let isAtInput: Bool
    var pictures: [Item] = []
    var places: Set<MapPlace> = []
    var warnings: [Warning] = []

    var single: String? { Self.single(pictures) }

    static func single(_ pictures: [Item]) -> String? {
        let terms = pictures.filter { if case .term = $0.picture { true } else { false } }
        let shown = terms.isEmpty ? pictures : terms
        return shown.count == 1 ? shown[0].name : nil
    }

    private var mapped: [(index: Int, term: Term, measure: FeatureMeasure)] {
        loss.terms.enumerated().compactMap { index, term in
            guard let measure = term.features, measure.hasMap, hasMask || !term.needsMask else {
                return nil
            }
            return (index, term, measure)
        }
    }

    // The key of a term, or the name of a layer.
    mutating func add(_ name: String) throws(ServiceError) {
        if let index = loss.terms.firstIndex(where: { $0.key == name }) {
            guard let (_, term, measure) = mapped.first(where: { $0.index == index }) else {
                throw ServiceError(
                    .invalidOption,
                    "The term \(name) has no map: it does not add up what positions differ by. "
                        + names)
            }
            for layer in measure.layers { add(index, term, layer.name) }
            if isAtInput { pictures.append((term.key, .term(index))) }
            return
        }
        let found = mapped.filter { $0.measure.layers.contains { $0.name == name } }
        guard !found.isEmpty else {
            throw ServiceError(
                .invalidOption,
                "The option maps names \(name), and no term has a map there. \(names)")
        }
        for (index, term, _) in found { add(index, term, name) }
        let others = loss.terms.enumerated().filter { index, term in
            term.features?.layers.contains { $0.name == name } == true
                && !found.contains { $0.index == index } && (hasMask || !term.needsMask)
        }
        .map(\.element.key)
        if !others.isEmpty { warnings.append(.noMap(others, layer: name)) }
    }

    private mutating func add(_ index: Int, _ term: Term, _ layer: String) {
        let place = MapPlace(term: index, layer: layer)
        guard places.insert(place).inserted else { return }
        pictures.append(("\(term.key).\(layer)", .layer(place)))
    }

    private var names: String {
        let terms = mapped.map {
            "\($0.term.key) (\($0.measure.layers.map(\.name).joined(separator: ", ")))"
        }
        return terms.isEmpty
            ? "This loss has none at all."
            : "There are maps of \(terms.joined(separator: "; "))."
    }
}

extension Warning {
    fileprivate static func noMap(_ terms: [String], layer: String) -> Warning {
        Warning(
            code: "no_map",
            detail: "At layer \(layer) there is no map of \(terms.joined(separator: ", ")): a Gram "
                + "matrix and its like sum positions up before they are compared.")
    }
}
