/// What a stack is asked for at its taps: Gram matrices of all, differences of outputs and
/// composites to their targets, and features of targets that outlive the stack.
struct StackDemands {
    let roles: [StackRole]
    let targetOfPair: [Int]
    let stored: Set<Int>
    let options: LossOptions

    /// The images that are compared with a target, in the order of `TapResult.differences`.
    var compared: [(image: Int, pair: Int)] {
        roles.enumerated().compactMap { image, role in
            switch role {
            case .target: nil
            case .output(let pair), .composite(let pair): (image, pair)
            }
        }
    }

    /// The demands in the order of `taps`. `map` gives the stored features of a target that is not
    /// in this stack; without them, as for an estimate, image 0 stands in.
    func all(taps: [Tap], map: (_ target: Int, Tap) -> FeatureMap?) -> [TapDemand] {
        let styleTaps = Set(options.styleLayers.map(\.tap))
        let perceptualTaps = Set(options.perceptualLayers.map(\.tap))
        var places: [Int: Int] = [:]
        for (image, role) in roles.enumerated() {
            if case .target(let index) = role { places[index] = image }
        }
        let kept = places.filter { stored.contains($0.key) }.values.sorted()
        return taps.map { tap in
            let isPerceptual = perceptualTaps.contains(tap)
            let differences = compared.map { image, pair in
                let target = targetOfPair[pair]
                if places[target] == nil, let features = map(target, tap) {
                    return Difference(output: image, target: .stored(features))
                }
                return Difference(output: image, target: .image(places[target] ?? 0))
            }
            return TapDemand(
                tap: tap, gram: options.gram,
                grams: styleTaps.contains(tap) ? Array(roles.indices) : [],
                differences: isPerceptual ? differences : [],
                features: isPerceptual ? kept : [])
        }
    }
}
