extension DifferenceSlope {
    /// Adds the gradient at the positions of a tile.
    func add<Element: FeatureElement>(to tile: inout Tile<Element>) {
        if let unit { return add(unit, to: &tile) }
        // Each rule in a loop of its own, so that it vectorises.
        switch rule {
        case .absolute: add(to: &tile) { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
        case .squared: add(to: &tile) { 2 * $0 }
        default: add(to: &tile) { rule.slope($0) }
        }
    }

    @inline(__always)
    private func add<Element: FeatureElement>(
        to tile: inout Tile<Element>, _ slope: (Double) -> Double
    ) {
        let count = tile.features.count
        tile.sums.withUnsafeMutableBufferPointer { sums in
            tile.features.withUnsafeBufferPointer { features in
                tile.targets.withUnsafeBufferPointer { targets in
                    for i in 0..<count {
                        let difference = Double(features[i]) - Double(targets[i])
                        sums[i] += factor * slope(scale * difference)
                    }
                }
            }
        }
    }

    // With u = r·f, r a function of s = Σ f², and v = dL/du: dL/df = r·v + 2 r′(s) (Σ v f)·f.
    private func add<Element: FeatureElement>(
        _ unit: ChannelUnit, to tile: inout Tile<Element>
    ) {
        let learned = learned?.factors ?? []
        func weight(_ channel: Int) -> Double {
            learned.isEmpty ? 1 : channel < learned.count ? learned[channel] : 0
        }
        for p in 0..<Kernels.block {
            let places = stride(from: p, to: tile.features.count, by: Kernels.block)
            var (squares, others) = (0.0, 0.0)
            for i in places {
                squares += Double(tile.features[i]) * Double(tile.features[i])
                others += Double(tile.targets[i]) * Double(tile.targets[i])
            }
            let (a, b) = (unit.slopeFactor(squares: squares), unit.factor(squares: others))
            var along = 0.0
            for (c, i) in places.enumerated() {
                let f = Double(tile.features[i])
                along += weight(c) * rule.slope(a * f - b * Double(tile.targets[i])) * f
            }
            let radial = 2 * unit.slope(squares: squares) * along
            for (c, i) in places.enumerated() {
                let f = Double(tile.features[i])
                let v = weight(c) * rule.slope(a * f - b * Double(tile.targets[i]))
                tile.sums[i] += factor * (a * v + radial * f)
            }
        }
    }
}
