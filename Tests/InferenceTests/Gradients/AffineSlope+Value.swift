import Inference

extension AffineSlope {
    /// `weight · A (f − c) + b` of one channel, in doubles; f are the features of one position.
    func value(_ channel: Int, of features: [Double], weight: Double = 1) -> Double {
        let centred = features.indices.map { features[$0] - (centre?[$0] ?? 0) }
        switch matrix {
        case .diagonal(let a): return weight * a[channel] * centred[channel] + shift[channel]
        case .symmetric(let upper):
            return centred.indices.reduce(shift[channel]) { sum, other in
                let (row, column) = (min(channel, other), max(channel, other))
                let start = GramMatrix.upperStart(ofRow: row, order: centred.count)
                return sum + weight * upper[start + column - row] * centred[other]
            }
        }
    }
}
