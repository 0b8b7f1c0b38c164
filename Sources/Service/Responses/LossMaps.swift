import Codecs
import HTTP
import Inference

/// The maps in an answer of losses.
struct LossMaps: Sendable {
    let options: MapOptions
    /// By picture, then by pair.
    private let maps: [[LossMap]]

    /// - Parameters:
    ///   - maps: those of layers, by pair.
    ///   - gradients: those of what the request asks for first, by pair.
    /// - Throws: `deadline_exceeded`.
    init(
        _ options: MapOptions, _ loss: Loss, _ maps: [[MapPlace: LossMap]], sizes: [ImageSize],
        gradients: [ImageGradient], _ team: Team
    ) throws(ServiceError) {
        self.options = options
        do {
            self.maps = try options.pictures.map { _, picture throws(InferenceError) in
                try sizes.indices.map { pair throws(InferenceError) in
                    switch picture {
                    case .gradient: try gradients[pair].lengths(team)
                    case .layer(let place):
                        try Self.map(maps[pair][place], options.size, sizes[pair], team)
                    case .term(let index):
                        try Self.map(ofTerm: index, loss, maps[pair], sizes[pair], team)
                    }
                }
            }
        } catch {
            throw ServiceError(error)
        }
    }

    private static func map(
        _ map: LossMap?, _ size: MapOptions.Size, _ input: ImageSize, _ team: Team
    ) throws(InferenceError) -> LossMap {
        let map = map ?? LossMap(size: input, at: 0)
        return size == .input ? try map.resized(to: input, check: team.checkCancelled) : map
    }

    private static func map(
        ofTerm index: Int, _ loss: Loss, _ maps: [MapPlace: LossMap], _ input: ImageSize,
        _ team: Team
    ) throws(InferenceError) -> LossMap {
        var parts: [(map: LossMap, weight: Double)] = []
        for layer in loss.terms[index].features?.layers ?? [] {
            guard let map = maps[MapPlace(term: index, layer: layer.name)] else { continue }
            parts.append((try map.resized(to: input, check: team.checkCancelled), layer.weight))
        }
        guard !parts.isEmpty else { return LossMap(size: input, at: 0) }
        return try LossMap.sum(parts, check: team.checkCancelled)
    }

    /// Bytes of the maps of pairs with so many pixels at most, and of the answer made of them.
    static func bytes(_ options: MapOptions, pixels: Int) -> (work: Int, answer: Int) {
        let values = pixels.times(options.pictures.count)
        return (values.times(24), values.times(6))
    }

    /// The tensors, those of all pairs in one where they fit.
    func safetensors() -> [SafetensorsTensor] {
        zip(options.pictures, maps).flatMap { picture, maps -> [SafetensorsTensor] in
            let size = maps[0].size
            guard maps.allSatisfy({ $0.size == size }) else {
                return maps.enumerated().map { pair, map in
                    SafetensorsTensor(
                        "map.\(picture.name).\(pair)", shape: [map.size.height, map.size.width],
                        [.float32(map.values)])
                }
            }
            return [
                SafetensorsTensor(
                    "map.\(picture.name)", shape: [maps.count, size.height, size.width],
                    [.float32(maps.flatMap(\.values))])
            ]
        }
    }

    /// The maps of a pair as heat maps, each with the value that white stands for.
    /// - Throws: `deadline_exceeded`, `insufficient_memory`.
    func json(ofPair pair: Int, _ team: Team) throws(ServiceError) -> JSON {
        .object(
            try zip(options.pictures, maps).map { picture, maps throws(ServiceError) in
                let map = maps[pair]
                let png = try HeatMap.png(map, checking: team.checkWanted)
                return JSON.Member(
                    picture.name,
                    [
                        "height": .integer(map.size.height), "width": .integer(map.size.width),
                        "max": .number(Double(map.values.max() ?? 0)),
                        "png": .string(try Base64.encode(png, checking: team.checkWanted)),
                    ])
            })
    }

    /// The one map of a request for a picture.
    /// - Throws: `deadline_exceeded`, `insufficient_memory`.
    func picture(_ team: Team) throws(ServiceError) -> HTTPServerResponse {
        let index = options.pictures.firstIndex { $0.name == options.single } ?? 0
        let map = maps[index][0]
        var response = HTTPServerResponse(
            type: MediaType.png.essence,
            body: try HeatMap.png(map, checking: team.checkWanted))
        response.fields[.mapMaximum] = Double(map.values.max() ?? 0).description
        return response
    }
}

extension LossMap {
    fileprivate init(size: ImageSize, at value: Float) {
        self.init(
            size: size, values: Array(repeating: value, count: size.height * size.width))
    }
}

extension ImageGradient {
    /// The Euclidean length over R, G and B at each pixel.
    /// - Throws: `cancelled`.
    fileprivate func lengths(_ team: Team) throws(InferenceError) -> LossMap {
        var lengths: [Float] = []
        lengths.reserveCapacity(height * width)
        for y in 0..<height {
            try team.checkCancelled()
            unsafe withValues { rgb in
                for n in y * width..<(y + 1) * width {
                    let (r, g, b) = unsafe (
                        Double(rgb[3 * n]), Double(rgb[3 * n + 1]), Double(rgb[3 * n + 2])
                    )
                    lengths.append(Float((r * r + g * g + b * b).squareRoot()))
                }
            }
        }
        return LossMap(size: ImageSize(height: height, width: width), values: lengths)
    }
}
