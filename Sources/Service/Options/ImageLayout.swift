import Inference

/// How the dimensions of an array of images are meant; the letter n stands for several samples.
enum ImageLayout: String, CaseIterable, Sendable {
    case chw, nchw, hwc, nhwc

    var rank: Int { rawValue.count }
    var channels: ChannelLayout { self == .chw || self == .nchw ? .planar : .interleaved }

    /// Samples, height, width and channels of an array of this shape; nil when the rank differs.
    func dimensions(_ shape: [Int]) -> (samples: Int, height: Int, width: Int, channels: Int)? {
        guard shape.count == rank else { return nil }
        let sample = Array(shape.suffix(3))
        let samples = rank == 4 ? shape[0] : 1
        return channels == .planar
            ? (samples, sample[1], sample[2], sample[0])
            : (samples, sample[0], sample[1], sample[2])
    }
}

/// What a request says about all of its arrays of pixels.
struct ArrayOptions: Sendable, Hashable {
    let layout: ImageLayout?
    let range: SampleRange?

    init(_ options: OptionSet) throws(ServiceError) {
        layout = try options.choice(.layout)
        range = try options.choice(.range)
    }

    init(layout: ImageLayout?, range: SampleRange?) {
        self.layout = layout
        self.range = range
    }
}
