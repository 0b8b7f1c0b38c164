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

/// What becomes of float samples outside the declared range. NaN and infinity are refused always.
enum OutOfRange: String, CaseIterable, Sendable {
    case refuse
    /// They are computed with as they are.
    case allow
    /// They become the nearer end, and have no gradient, as with `torch.clamp`; the ends have theirs.
    case clamp
}

/// What a request says about all of its arrays of pixels.
struct ArrayOptions: Sendable, Hashable, CustomStringConvertible {
    let layout: ImageLayout?
    let range: SampleRange?
    let outOfRange: OutOfRange

    init(_ options: OptionSet) throws(ServiceError) {
        layout = try options.choice(.layout)
        range = try options.choice(.range)
        outOfRange = try options.choice(.outOfRange) ?? .refuse
    }

    init(layout: ImageLayout?, range: SampleRange?, outOfRange: OutOfRange = .refuse) {
        self.layout = layout
        self.range = range
        self.outOfRange = outOfRange
    }

    var description: String {
        "layout \(layout?.rawValue ?? "none") and range \(range?.rawValue ?? "none")"
    }

    /// What one answer may say is in force for arrays read with these options and for a registered
    /// target read with its own.
    ///
    /// - Throws: `invalid_option` when they differ in the order of channels or in the range. An n
    ///   for several samples is no difference: many outputs may share one target.
    func joined(with target: ArrayOptions) throws(ServiceError) -> ArrayOptions {
        if let layout, let other = target.layout, layout.channels != other.channels {
            throw Self.contradiction("layout", layout.rawValue, other.rawValue)
        }
        if let range, let other = target.range, range != other {
            throw Self.contradiction("range", range.rawValue, other.rawValue)
        }
        return ArrayOptions(
            layout: layout ?? target.layout, range: range ?? target.range, outOfRange: outOfRange)
    }

    private static func contradiction(_ name: String, _ given: String, _ registered: String)
        -> ServiceError
    {
        ServiceError(
            .invalidOption,
            "The option \(name) is \(given), but the target is registered with \(registered); send "
                + "both in one \(name), or leave the option out if it is not for the output.")
    }
}
