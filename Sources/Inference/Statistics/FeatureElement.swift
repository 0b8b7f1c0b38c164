import CKernels

/// What features may be made of, with the kernels of its precision: CKernels.h is their contract.
package protocol FeatureElement: BinaryFloatingPoint, Sendable {
    typealias Rows = UnsafePointer<UnsafePointer<Self>>

    /// Rows and columns of the register block of `gram`.
    static func gramBlock(_ kernels: Kernels) -> (rows: Int, columns: Int)

    static func gram(
        _ kernels: Kernels, _ a: Rows, _ i0: Int, _ b: Rows, _ j0: Int, vectors: Int, rows: Int,
        width: Int, g: UnsafeMutablePointer<Double>, ldg: Int)

    /// `Σ |a − b|`.
    static func absoluteDifference(
        _ kernels: Kernels, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, count: Int
    ) -> Double

    /// `Σ w·f(a·ra − b·rb)` over `width` pixels of 64 channels, ra and rb of each pixel, w of each
    /// channel.
    static func pairSum(
        _ kernels: Kernels, _ rule: Pointwise, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
        _ factors: (a: UnsafePointer<Double>, b: UnsafePointer<Double>)?,
        weights: UnsafePointer<Double>?, width: Int
    ) -> Double

    /// The same of each pixel, added to its sum.
    static func addPairPixels(
        _ kernels: Kernels, _ rule: Pointwise, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
        _ factors: (a: UnsafePointer<Double>, b: UnsafePointer<Double>)?,
        weights: UnsafePointer<Double>?, width: Int, to pixels: UnsafeMutablePointer<Double>)

    /// Adds to each pixel's sum the squares of its 64 channels.
    static func addPixelSquares(
        _ kernels: Kernels, _ row: UnsafePointer<Self>, width: Int,
        to squares: UnsafeMutablePointer<Double>)

    /// Adds to each of 64 channels' sums its differences from an origin, or their squares.
    static func addChannelSums(
        _ kernels: Kernels, _ row: UnsafePointer<Self>, from origin: UnsafePointer<Double>,
        width: Int, to sums: UnsafeMutablePointer<Double>)
    static func addChannelSquares(
        _ kernels: Kernels, _ row: UnsafePointer<Self>, from origin: UnsafePointer<Double>,
        width: Int, to sums: UnsafeMutablePointer<Double>)

    /// The products of the differences of two images' channels.
    static func addChannelProducts(
        _ kernels: Kernels, _ a: UnsafePointer<Self>, from aOrigin: UnsafePointer<Double>,
        _ b: UnsafePointer<Self>, from bOrigin: UnsafePointer<Double>, width: Int,
        to sums: UnsafeMutablePointer<Double>)

    static func centre(
        _ kernels: Kernels, _ row: UnsafePointer<Self>, by shift: UnsafePointer<Self>, width: Int,
        into centred: UnsafeMutablePointer<Self>)

    /// Writes features in single precision.
    static func copy(
        _ row: UnsafePointer<Self>, count: Int, into features: UnsafeMutablePointer<Float>)

    /// `t + d/2` of some of 64 channels, a multiple of 16.
    static func midpoint(
        _ kernels: Kernels, _ t: UnsafePointer<Self>, _ d: UnsafePointer<Self>, channels: Int,
        width: Int, into row: UnsafeMutablePointer<Self>)
}

extension Float: FeatureElement {
    package static func gramBlock(_ kernels: Kernels) -> (rows: Int, columns: Int) {
        (kernels.table.f32.gram_mr, kernels.table.f32.gram_nr)
    }

    package static func gram(
        _ kernels: Kernels, _ a: Rows, _ i0: Int, _ b: Rows, _ j0: Int, vectors: Int, rows: Int,
        width: Int, g: UnsafeMutablePointer<Double>, ldg: Int
    ) {
        kernels.table.f32.gram(a, i0, b, j0, vectors, rows, width, g, ldg)
    }

    package static func absoluteDifference(
        _ kernels: Kernels, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int
    ) -> Double {
        kernels.table.f32.absolute_difference(a, b, count)
    }

    package static func pairSum(
        _ kernels: Kernels, _ rule: Pointwise, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ factors: (a: UnsafePointer<Double>, b: UnsafePointer<Double>)?,
        weights: UnsafePointer<Double>?, width: Int
    ) -> Double {
        kernels.table.f32.pair_sum(
            rule.kernel, rule.parameter, a, b, factors?.a, factors?.b, weights, width)
    }

    package static func addPairPixels(
        _ kernels: Kernels, _ rule: Pointwise, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ factors: (a: UnsafePointer<Double>, b: UnsafePointer<Double>)?,
        weights: UnsafePointer<Double>?, width: Int, to pixels: UnsafeMutablePointer<Double>
    ) {
        _ = kernels.table.f32.pair_pixels(
            rule.kernel, rule.parameter, a, b, factors?.a, factors?.b, weights, width, pixels)
    }

    package static func addPixelSquares(
        _ kernels: Kernels, _ row: UnsafePointer<Float>, width: Int,
        to squares: UnsafeMutablePointer<Double>
    ) {
        kernels.table.f32.pixel_squares(row, width, squares)
    }

    package static func addChannelSums(
        _ kernels: Kernels, _ row: UnsafePointer<Float>, from origin: UnsafePointer<Double>,
        width: Int, to sums: UnsafeMutablePointer<Double>
    ) {
        kernels.table.f32.channel_sums(row, origin, width, sums)
    }

    package static func addChannelSquares(
        _ kernels: Kernels, _ row: UnsafePointer<Float>, from origin: UnsafePointer<Double>,
        width: Int, to sums: UnsafeMutablePointer<Double>
    ) {
        kernels.table.f32.channel_squares(row, origin, width, sums)
    }

    package static func addChannelProducts(
        _ kernels: Kernels, _ a: UnsafePointer<Float>, from aOrigin: UnsafePointer<Double>,
        _ b: UnsafePointer<Float>, from bOrigin: UnsafePointer<Double>, width: Int,
        to sums: UnsafeMutablePointer<Double>
    ) {
        kernels.table.f32.channel_products(a, aOrigin, b, bOrigin, width, sums)
    }

    package static func centre(
        _ kernels: Kernels, _ row: UnsafePointer<Float>, by shift: UnsafePointer<Float>, width: Int,
        into centred: UnsafeMutablePointer<Float>
    ) {
        kernels.table.f32.centre(row, shift, width, centred)
    }

    package static func copy(
        _ row: UnsafePointer<Float>, count: Int, into features: UnsafeMutablePointer<Float>
    ) {
        features.update(from: row, count: count)
    }

    package static func midpoint(
        _ kernels: Kernels, _ t: UnsafePointer<Float>, _ d: UnsafePointer<Float>, channels: Int,
        width: Int, into row: UnsafeMutablePointer<Float>
    ) {
        kernels.table.f32.midpoint(t, d, channels, width, row)
    }
}

extension Double: FeatureElement {
    package static func gramBlock(_ kernels: Kernels) -> (rows: Int, columns: Int) {
        (kernels.table.f64.gram_mr, kernels.table.f64.gram_nr)
    }

    package static func gram(
        _ kernels: Kernels, _ a: Rows, _ i0: Int, _ b: Rows, _ j0: Int, vectors: Int, rows: Int,
        width: Int, g: UnsafeMutablePointer<Double>, ldg: Int
    ) {
        kernels.table.f64.gram(a, i0, b, j0, vectors, rows, width, g, ldg)
    }

    package static func absoluteDifference(
        _ kernels: Kernels, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, count: Int
    ) -> Double {
        kernels.table.f64.absolute_difference(a, b, count)
    }

    package static func pairSum(
        _ kernels: Kernels, _ rule: Pointwise, _ a: UnsafePointer<Double>,
        _ b: UnsafePointer<Double>,
        _ factors: (a: UnsafePointer<Double>, b: UnsafePointer<Double>)?,
        weights: UnsafePointer<Double>?, width: Int
    ) -> Double {
        kernels.table.f64.pair_sum(
            rule.kernel, rule.parameter, a, b, factors?.a, factors?.b, weights, width)
    }

    package static func addPairPixels(
        _ kernels: Kernels, _ rule: Pointwise, _ a: UnsafePointer<Double>,
        _ b: UnsafePointer<Double>,
        _ factors: (a: UnsafePointer<Double>, b: UnsafePointer<Double>)?,
        weights: UnsafePointer<Double>?, width: Int, to pixels: UnsafeMutablePointer<Double>
    ) {
        _ = kernels.table.f64.pair_pixels(
            rule.kernel, rule.parameter, a, b, factors?.a, factors?.b, weights, width, pixels)
    }

    package static func addPixelSquares(
        _ kernels: Kernels, _ row: UnsafePointer<Double>, width: Int,
        to squares: UnsafeMutablePointer<Double>
    ) {
        kernels.table.f64.pixel_squares(row, width, squares)
    }

    package static func addChannelSums(
        _ kernels: Kernels, _ row: UnsafePointer<Double>, from origin: UnsafePointer<Double>,
        width: Int, to sums: UnsafeMutablePointer<Double>
    ) {
        kernels.table.f64.channel_sums(row, origin, width, sums)
    }

    package static func addChannelSquares(
        _ kernels: Kernels, _ row: UnsafePointer<Double>, from origin: UnsafePointer<Double>,
        width: Int, to sums: UnsafeMutablePointer<Double>
    ) {
        kernels.table.f64.channel_squares(row, origin, width, sums)
    }

    package static func addChannelProducts(
        _ kernels: Kernels, _ a: UnsafePointer<Double>, from aOrigin: UnsafePointer<Double>,
        _ b: UnsafePointer<Double>, from bOrigin: UnsafePointer<Double>, width: Int,
        to sums: UnsafeMutablePointer<Double>
    ) {
        kernels.table.f64.channel_products(a, aOrigin, b, bOrigin, width, sums)
    }

    package static func centre(
        _ kernels: Kernels, _ row: UnsafePointer<Double>, by shift: UnsafePointer<Double>,
        width: Int,
        into centred: UnsafeMutablePointer<Double>
    ) {
        kernels.table.f64.centre(row, shift, width, centred)
    }

    package static func copy(
        _ row: UnsafePointer<Double>, count: Int, into features: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<count { features[i] = Float(row[i]) }
    }

    package static func midpoint(
        _ kernels: Kernels, _ t: UnsafePointer<Double>, _ d: UnsafePointer<Double>, channels: Int,
        width: Int, into row: UnsafeMutablePointer<Double>
    ) {
        kernels.table.f64.midpoint(t, d, channels, width, row)
    }
}
