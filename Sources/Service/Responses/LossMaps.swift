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
    init(
        _ options: MapOptions, _ loss: Loss, _ maps: [[MapPlace: LossMap]], sizes: [ImageSize],
        gradients: [ImageGradient]
    ) {
        self.options = options
        self.maps = options.pictures.map { _, picture in
            sizes.indices.map { pair in
                switch picture {
                case .gradient: return gradients[pair].lengths
                case .layer(let place):
                    let map = maps[pair][place] ?? LossMap(size: sizes[pair], at: 0)
                    return options.size == .input ? map.resized(to: sizes[pair]) : map
                case .term(let index):
                    let layers = loss.terms[index].features?.layers ?? []
                    let parts = layers.compactMap { layer in
                        maps[pair][MapPlace(term: index, layer: layer.name)].map {
                            (map: $0.resized(to: sizes[pair]), weight: layer.weight)
                        }
                    }
                    return LossMap.sum(parts)
                }
            }
        }
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
    func json(ofPair pair: Int) -> JSON {
        .object(
            zip(options.pictures, maps).map { picture, maps in
                let map = maps[pair]
                return JSON.Member(
                    picture.name,
                    [
                        "height": .integer(map.size.height), "width": .integer(map.size.width),
                        "max": .number(Double(map.values.max() ?? 0)),
                        "png": .string(Base64.encode(HeatMap.png(map))),
                    ])
            })
    }

    /// The one map of a request for a picture.
    var picture: HTTPServerResponse {
        let index = options.pictures.firstIndex { $0.name == options.single } ?? 0
        let map = maps[index][0]
        var response = HTTPServerResponse(type: MediaType.png.essence, body: HeatMap.png(map))
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
    fileprivate var lengths: LossMap {
        var lengths: [Float] = []
        lengths.reserveCapacity(height * width)
        for first in stride(from: 0, to: values.count, by: 3) {
            let squares = values[first..<first + 3].map { Double($0) * Double($0) }
            lengths.append(Float(squares.reduce(0, +).squareRoot()))
        }
        return LossMap(size: ImageSize(height: height, width: width), values: lengths)
    }
}
