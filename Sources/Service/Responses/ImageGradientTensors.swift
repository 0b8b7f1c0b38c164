import Codecs
import Inference

/// How gradients with respect to images are written: in the units, the shape and the order of the
/// values sent; with respect to a PNG, (3, H, W).
///
/// With respect to integers there is no gradient: theirs is that of the values in [0, 1] that they
/// stand for. A value that was clamped has none.
struct ImageGradientTensors: Sendable {
    private let images: ImageList
    // By source, the values sent where they were clamped.
    private let unclamped: [(values: [Float], range: SampleRange)?]

    init(_ images: ImageList, isCancelled: () -> Bool) throws(ServiceError) {
        self.images = images
        var unclamped: [(values: [Float], range: SampleRange)?] = []
        for source in images.sources {
            unclamped.append(try source.unclamped(isCancelled: isCancelled))
        }
        self.unclamped = unclamped
    }

    /// The number of values of the gradients of images.
    static func count(_ images: ImageList) -> Int {
        images.sources.bytes {
            $0.samples.times($0.height).times($0.width).times($0.gradientForm.channels)
        }
    }

    /// Bytes of the values that are read again because they were clamped.
    static func unclampedBytes(_ images: ImageList) -> Int {
        images.sources.bytes { $0.options.outOfRange == .clamp ? $0.decodedBytes : 0 }
    }

    /// The shape of the gradients of all images in one tensor, the array's own where it is one; nil when
    /// they fit none.
    var shape: [Int]? {
        if images.sources.count == 1, case .array(let view, _, _) = images.sources[0].content {
            return view.shape
        }
        let first = images.sources[0]
        let isOne = images.sources.allSatisfy {
            $0.sampleShape == first.sampleShape
                && $0.gradientForm.layout == first.gradientForm.layout
        }
        return isOne ? [images.count] + first.sampleShape : nil
    }

    /// The units of the gradients and the order of their values, in a client's words.
    var units: String {
        var units: [String] = []
        for source in images.sources {
            let range = source.range ?? .zeroToOne
            let unit = "\(range.rawValue) \(source.gradientForm.layout == .planar ? "chw" : "hwc")"
            if !units.contains(unit) { units.append(unit) }
        }
        return units.joined(separator: ", ")
    }

    /// One image's gradient in the values' order and units, times a factor; nil unless it is finite.
    /// - Parameter check: called before each row of a channel; what it throws ends the work.
    func array(
        of gradient: ImageGradient, number: Int, times factor: Double = 1,
        as dtype: GradientOptions.DType?, checking check: () throws(ServiceError) -> Void
    ) throws(ServiceError) -> GradientArray? {
        let source = images.source(of: number)
        let (channels, layout) = source.gradientForm
        let positions = gradient.height * gradient.width
        let width = source.range.map { $0.bounds.upperBound - $0.bounds.lowerBound } ?? 1
        let (pixelStep, channelStep) = layout == .planar ? (1, positions) : (channels, 1)
        var values = [Float](repeating: 0, count: channels * positions)
        for y in 0..<gradient.height {
            try check()
            let row = y * gradient.width..<(y + 1) * gradient.width
            unsafe values.withUnsafeMutableBufferPointer { values in
                unsafe gradient.withValues { rgb in
                    guard channels > 1 else {
                        // Gray stands for three equal channels.
                        for n in row {
                            unsafe values[n] =
                                (rgb[3 * n] + rgb[3 * n + 1] + rgb[3 * n + 2]) / width
                        }
                        return
                    }
                    // Alpha has no part in what the network sees: its gradient stays 0.
                    for c in 0..<3 {
                        for n in row {
                            unsafe values[n * pixelStep + c * channelStep] = rgb[3 * n + c] / width
                        }
                    }
                }
            }
        }
        if factor != 1 { values = try values.map(checking: check) { Float(Double($0) * factor) } }
        try clear(&values, number, check)
        return try GradientArray(
            shape: source.sampleShape, float32: values, as: dtype, checking: check)
    }

    // Takes out what was clamped.
    private func clear(
        _ values: inout [Float], _ number: Int, _ check: () throws(ServiceError) -> Void
    ) throws(ServiceError) {
        let reference = images.references[number]
        guard let (sent, range) = unclamped[reference.source] else { return }
        let start = reference.sample * values.count
        for first in stride(from: 0, to: values.count, by: Elements.elementsBetweenLooks) {
            try check()
            let block = first..<min(first + Elements.elementsBetweenLooks, values.count)
            for i in block where !range.bounds.contains(sent[start + i]) { values[i] = 0 }
        }
    }
}

extension ImageSource {
    /// What arrays are declared to be in; nil for integers.
    fileprivate var range: SampleRange? {
        if case .array(_, _, let range) = content { range } else { nil }
    }

    /// How a gradient with respect to one of its images is written: as arrays were sent, in RGB planes
    /// for a PNG.
    fileprivate var gradientForm: (channels: Int, layout: ChannelLayout) {
        if case .array(_, let layout, _) = content { (channels, layout) } else { (3, .planar) }
    }

    /// The shape of a gradient with respect to one of its images.
    fileprivate var sampleShape: [Int] {
        if case .array(let view, _, _) = content, view.shape.count == 2 { return view.shape }
        let (channels, layout) = gradientForm
        return layout == .planar ? [channels, height, width] : [height, width, channels]
    }
}
