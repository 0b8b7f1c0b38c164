/// How the features of an image are compared with those of its target.
public enum Precision: String, Sendable, CaseIterable {
    /// The target is walked, and beside it the difference of the two images: what they have in common
    /// takes no digits from what they differ in.
    case difference
    /// Both images are walked.
    case plain
}

extension Precision {
    /// Images that differ by more, in the mean over all samples of full scale, are not near: both
    /// ways have the error of the convolutions then. Images of which one is the other compressed,
    /// blurred or enlarged lie below 0.04, two photographs at about 0.3.
    static let distanceMax = 0.05

    /// The way for two images when nobody says: it depends on their samples alone.
    /// - Throws: `cancelled`.
    static func suitable(
        _ image: Image, _ target: Image, team: Team
    ) throws(InferenceError) -> Precision {
        try distance(image, target, team: team) <= distanceMax ? .difference : .plain
    }

    /// `mean |image − target|` in units of full scale. The sums of the rows are added in order.
    static func distance(
        _ image: Image, _ target: Image, team: Team
    ) throws(InferenceError) -> Double {
        let rowsPerItem = 16
        let items = (image.height + rowsPerItem - 1) / rowsPerItem
        let sums = try team.map(items) { item throws(InferenceError) in
            try team.checkCancelled()
            let first = item * rowsPerItem
            return (first..<min(first + rowsPerItem, image.height)).reduce(0.0) {
                $0 + rowDistance(image, target, $1)
            }
        }
        return sums.reduce(0, +) / Double(3 * image.height * image.width)
    }

    private static func rowDistance(_ image: Image, _ target: Image, _ y: Int) -> Double {
        var sum = 0.0
        image.forEachDifference(from: target, y) { _, difference in
            sum += Double(abs(Float(difference)))
        }
        return sum
    }
}

extension FeatureMeasure {
    /// Whether the loss of a layer follows from the difference of features, or from the change of their
    /// products: not where features are brought to unit length, nor of deviations and their like.
    var followsFromDifference: Bool {
        guard !weighsPositions else { return false }
        return switch statistic {
        case .features(_, let unit): unit == nil
        case .gram(let gram): gram.patch == nil && gram.normaliser != .deviations
        case .mean, .meanDeviation, .gaussian, .jointMoments: false
        }
    }
}

extension Loss {
    /// Whether `Precision.difference` is possible for all terms with layers.
    public func allowsDifference(_ architecture: Architecture) -> Bool {
        network.variant(architecture).walksDifferences
            && terms.allSatisfy { $0.features?.followsFromDifference ?? true }
    }
}
