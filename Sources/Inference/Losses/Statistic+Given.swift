/// Statistics that were answered once and come back as a target.
extension Statistic {
    /// The kinds that can be answered and given back, by the name they have in requests.
    public enum Kind: String, Sendable, CaseIterable {
        /// A matrix of second moments.
        case gram
        /// Means.
        case mean
        /// Means and standard deviations.
        case meanDeviation = "mean_deviation"

        /// How many values there are of C channels.
        public func count(channels: Int) -> Int {
            shape(channels: channels).reduce(1, *)
        }

        /// The dimensions of the values of C channels: (C, C), (C) or (2, C).
        public func shape(channels: Int) -> [Int] {
            switch self {
            case .gram: [channels, channels]
            case .mean: [channels]
            case .meanDeviation: [2, channels]
            }
        }
    }

    /// The kind, of a statistic that can be given back: not of patches, which belong to places, nor of
    /// pairs.
    public var kind: Kind? {
        switch self {
        case .gram(let gram): gram.patch == nil ? .gram : nil
        case .mean: .mean
        case .meanDeviation: .meanDeviation
        case .features, .gaussian, .jointMoments: nil
        }
    }
}

extension Summary {
    /// The sums from which a statistic has the values given, those of the matrix's upper triangle; of
    /// what the statistic does not tell, as the deviations of correlations, something that fits.
    /// - Precondition: the statistic has a `kind`, and `values` are as many as its `shape` says, in
    ///   row-major order.
    public init(_ statistic: Statistic, values: [Double], shape: FeatureShape) {
        let channels = shape.channels
        switch statistic {
        case .gram(let gram):
            precondition(values.count == channels * channels)
            let factor = gram.factor(of: shape)
            let sums = (0..<channels).flatMap { row in
                values[row * channels + row..<(row + 1) * channels].map { $0 / factor }
            }
            // No statistic of a matrix looks at means.
            self.init(
                kind: gram.summaryKind, shape: shape,
                means: gram.isCentred ? Array(repeating: 0, count: channels) : [], sums: sums)
        case .mean:
            precondition(values.count == channels)
            self.init(
                kind: .moments, shape: shape, means: values,
                sums: Array(repeating: 0, count: channels))
        case .meanDeviation(let eps, let isUnbiased):
            precondition(values.count == 2 * channels)
            let divisor = Double(isUnbiased ? shape.positions - 1 : shape.positions)
            self.init(
                kind: .moments, shape: shape, means: Array(values[..<channels]),
                sums: values[channels...].map { ($0 * $0 - eps) * divisor })
        case .features, .gaussian, .jointMoments:
            preconditionFailure("a statistic without a kind")
        }
    }
}
