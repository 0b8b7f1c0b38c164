/// How the channels of a pixel lie in memory.
public enum ChannelLayout: Sendable {
    /// Channels of a pixel side by side: (H, W, C).
    case interleaved
    /// One plane a channel: (C, H, W).
    case planar
}

/// An image as it was sent. RGB in [0, 1] is produced row by row and never stored.
///
/// Several images may share one array of samples, each from its own `start`.
public struct Image: Sendable {
    /// The width in pixels, at least 1.
    public let width: Int
    /// The height in pixels, at least 1.
    public let height: Int
    /// The channels as sent: 1 (replicated to RGB), 3, or 4 (RGB; alpha is dropped).
    public let channels: Int
    let storage: Storage

    enum Storage {
        case uint8([UInt8], Grid)
        case uint16([UInt16], Grid)
        case float32([Float], Grid, SampleRange)
        indirect case composite(output: Image, target: Image, mask: Mask)
        indirect case hole(Image, mask: Mask)
    }

    /// Where the samples of an image are: `start + y · rowStep + x · pixelStep`, then the
    /// distances to the green and the blue sample of the pixel.
    struct Grid {
        let start: Int
        let rowStep: Int
        let pixelStep: Int
        let green: Int
        let blue: Int
    }

    /// An image of 8-bit samples; x = sample / 255.
    ///
    /// `samples` must hold `height · width · channels` values from `start` on; channels is 1, 3 or 4.
    public init(
        width: Int, height: Int, channels: Int, layout: ChannelLayout = .interleaved,
        uint8 samples: [UInt8], start: Int = 0
    ) {
        let grid = Grid(width, height, channels, layout, start: start, available: samples.count)
        self.init(width, height, channels, .uint8(samples, grid))
    }

    /// An image of 16-bit samples; x = sample / 65535.
    ///
    /// `samples` must hold `height · width · channels` values from `start` on; channels is 1, 3 or 4.
    public init(
        width: Int, height: Int, channels: Int, layout: ChannelLayout = .interleaved,
        uint16 samples: [UInt16], start: Int = 0
    ) {
        let grid = Grid(width, height, channels, layout, start: start, available: samples.count)
        self.init(width, height, channels, .uint16(samples, grid))
    }

    /// An image of float samples, mapped linearly from `range` to [0, 1].
    ///
    /// `samples` must hold `height · width · channels` values from `start` on; channels is 1, 3 or 4.
    /// Values are not checked here: `SampleRange.firstViolation(in:)` does that once for an array.
    public init(
        width: Int, height: Int, channels: Int, layout: ChannelLayout = .interleaved,
        float32 samples: [Float], range: SampleRange, start: Int = 0
    ) {
        let grid = Grid(width, height, channels, layout, start: start, available: samples.count)
        self.init(width, height, channels, .float32(samples, grid, range))
    }

    /// The composite `M·target + (1 − M)·output`, M being 1 where the mask says valid.
    ///
    /// The three must have equal sizes. Nothing is computed until a row is read.
    public static func composite(output: Image, target: Image, mask: Mask) -> Image {
        precondition(output.size == target.size && output.size == mask.size)
        let storage = Storage.composite(output: output, target: target, mask: mask)
        return Image(output.width, output.height, 3, storage)
    }

    /// What an image has in the hole, `(1 − M)·image`, M being 1 where the mask says valid.
    ///
    /// The two must have equal sizes. Nothing is computed until a row is read.
    public static func hole(of image: Image, mask: Mask) -> Image {
        precondition(image.size == mask.size)
        return Image(image.width, image.height, 3, .hole(image, mask: mask))
    }

    private init(_ width: Int, _ height: Int, _ channels: Int, _ storage: Storage) {
        self.width = width
        self.height = height
        self.channels = channels
        self.storage = storage
    }

    /// Height and width.
    public var size: ImageSize { ImageSize(height: height, width: width) }

    /// The bytes of this image's own samples.
    public var sampleBytes: Int {
        let count = width * height * channels
        switch storage {
        case .uint8: return count
        case .uint16: return 2 * count
        case .float32: return 4 * count
        case .composite(let output, let target, let mask):
            return output.sampleBytes + target.sampleBytes + mask.image.sampleBytes
        case .hole(let image, let mask): return image.sampleBytes + mask.image.sampleBytes
        }
    }

    /// The largest sample of an image of bytes; nil for others.
    public var highestByte: UInt8? {
        guard case .uint8(let samples, let grid) = storage else { return nil }
        return samples[grid.start..<grid.start + width * height * channels].max()
    }

    /// The same image with samples of its own, so that keeping it keeps no shared array alive.
    public func detached() -> Image {
        switch storage {
        case .uint8(let samples, let grid):
            return Image(width, height, channels, .uint8(own(samples, grid), grid.fromZero))
        case .uint16(let samples, let grid):
            return Image(width, height, channels, .uint16(own(samples, grid), grid.fromZero))
        case .float32(let samples, let grid, let range):
            return Image(
                width, height, channels, .float32(own(samples, grid), grid.fromZero, range))
        case .composite(let output, let target, let mask):
            return .composite(
                output: output.detached(), target: target.detached(), mask: mask.detached())
        case .hole(let image, let mask):
            return .hole(of: image.detached(), mask: mask.detached())
        }
    }

    private func own<Sample>(_ samples: [Sample], _ grid: Grid) -> [Sample] {
        let count = width * height * channels
        guard samples.count != count else { return samples }
        return Array(samples[grid.start..<grid.start + count])
    }
}

/// Height and width in pixels.
public struct ImageSize: Sendable, Hashable, CustomStringConvertible {
    /// Rows.
    public let height: Int
    /// Columns.
    public let width: Int

    /// A size of `height` rows and `width` columns.
    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    /// As in "256×128 (height×width)".
    public var description: String { "\(height)x\(width) (height x width)" }
}

extension Image.Grid {
    init(
        _ width: Int, _ height: Int, _ channels: Int, _ layout: ChannelLayout, start: Int,
        available: Int
    ) {
        precondition(width > 0 && height > 0 && [1, 3, 4].contains(channels) && start >= 0)
        precondition(available - start >= width * height * channels)
        let isInterleaved = layout == .interleaved
        let plane = isInterleaved ? 1 : width * height
        self.start = start
        rowStep = isInterleaved ? width * channels : width
        pixelStep = isInterleaved ? channels : 1
        green = channels == 1 ? 0 : plane
        blue = channels == 1 ? 0 : 2 * plane
    }

    var fromZero: Image.Grid {
        Image.Grid(
            start: 0, rowStep: rowStep, pixelStep: pixelStep, green: green, blue: blue)
    }
}
