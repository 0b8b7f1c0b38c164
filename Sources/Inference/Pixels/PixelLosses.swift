/// The terms of one pair that need no network.
///
/// x is RGB in [0, 1], M the mask (1 = valid). Everything is computed in double precision, a row at a
/// time, all terms in one pass: memory grows with the width alone.
public struct PixelLosses: Sendable, Equatable {
    /// By the position of the term in the loss; what is not there has layers, or lacks a mask or a
    /// target.
    public let values: [Int: Double]

    /// The terms of a loss that are defined for a pair; its target, where one is needed, and its mask
    /// have the output's size. A mean over nothing (a side of 1) is 0.
    /// - Parameters:
    ///   - input: what the network is fed with, for terms in its unit.
    ///   - check: called before each row; what it throws ends the work.
    public init(
        _ loss: Loss, _ pair: Pair, target: Image?, input: Preprocessing,
        check: () throws(InferenceError) -> Void = {}
    ) throws(InferenceError) {
        let sums = try Self.sums(loss, pair, target: target, input: input, check: check)
        values = sums.mapValues { $0.value(height: pair.output.height, width: pair.output.width) }
    }

    static func sums(
        _ loss: Loss, _ pair: Pair, target: Image?, input: Preprocessing,
        check: () throws(InferenceError) -> Void
    ) throws(InferenceError) -> [Int: any PixelSum] {
        var sums: [Int: any PixelSum] = [:]
        for (index, term) in loss.terms.enumerated() {
            guard !term.needsMask || pair.mask != nil, !term.isOfTwoImages || target != nil else {
                continue
            }
            switch term.measure {
            case .features: continue
            case .pixels(let measure):
                let factors = measure.learned?.factors(at: LearnedWeights.image)
                sums[index] =
                    measure.distance.structural(factors).map {
                        StructuralPixelSum(measure, $0, term.subject)
                    } ?? PixelDistanceSum(measure, term.subject, input: input)
            case .variation(let measure):
                sums[index] = VariationSum(
                    measure, term.subject, width: pair.output.width, input: input)
            }
        }
        if !sums.isEmpty {
            let rows = PixelRows(output: pair.output, target: target, mask: pair.mask)
            for y in 0..<pair.output.height {
                try check()
                rows.advance(to: y)
                for sum in sums.values { sum.add(rows) }
            }
        }
        return sums
    }
}

extension Term {
    /// Whether the term is of two images.
    public var isOfTwoImages: Bool {
        if case .variation = measure { subject == .composite } else { true }
    }
}

/// One term without layers, while rows are added to it.
protocol PixelSum: AnyObject {
    /// Adds the row that the rows stand at.
    func add(_ rows: PixelRows)

    /// The loss, once all rows have been added.
    func value(height: Int, width: Int) -> Double

    /// What adds up the loss's gradient, once all rows have been added.
    func makeSlope(height: Int, width: Int) -> any PixelSlope
}

extension PixelUnit {
    /// What the channels of x, in RGB order, are multiplied by.
    func factors(_ input: Preprocessing) -> [Double] {
        guard self == .input else { return [1, 1, 1] }
        let factors = input.std.map { Double(input.scale) / Double($0) }
        return input.isBGR ? factors.reversed() : factors
    }
}

/// Sums of numbers in order, four at a time: a single running sum would wait for each addition.
@inline(__always)
func pixelSum(_ range: Range<Int>, _ term: (Int) -> Double) -> Double {
    var lanes = SIMD4<Double>.zero
    var i = range.lowerBound
    while i + 4 <= range.upperBound {
        lanes += SIMD4(term(i), term(i + 1), term(i + 2), term(i + 3))
        i += 4
    }
    return (i..<range.upperBound).reduce(lanes.sum()) { $0 + term($1) }
}
