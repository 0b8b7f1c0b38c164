/// What the value 1 of a mask means.
public enum MaskPolarity: String, Sendable, CaseIterable {
    /// 1 marks pixels that are given, 0 the hole to be filled.
    case valid
    /// 1 marks the hole.
    case hole
}

/// A mask M in [0, 1] an image high and wide, fractions included; 1 channel counts for all three.
public struct Mask: Sendable {
    /// What 1 means in `image`.
    public let polarity: MaskPolarity
    let image: Image

    /// A mask from an image's values; nil when it has an alpha channel, which a mask cannot have.
    public init?(_ image: Image, polarity: MaskPolarity) {
        guard image.channels != 4 else { return nil }
        self.image = image
        self.polarity = polarity
    }

    /// Height and width.
    public var size: ImageSize { image.size }

    /// Writes row `y` as three values a pixel, 1 where valid: `row` has 3·width values.
    public func readRow(_ y: Int, into row: UnsafeMutableBufferPointer<Double>) {
        precondition(row.count == 3 * image.width && (0..<image.height).contains(y))
        guard let fractions = row.baseAddress else { return }
        read(y, 0..<image.width, into: fractions)
    }

    /// The same mask with samples of its own.
    func detached() -> Mask { with(image.detached()) }

    /// What is made of the mask's image, read as the mask is.
    func with(_ image: Image) -> Mask { Mask(image, of: self) }

    func read<Value: PixelValue>(
        _ y: Int, _ columns: Range<Int>, into fractions: UnsafeMutablePointer<Value>
    ) {
        image.readUncomposed(y, columns, into: fractions)
        guard polarity == .hole else { return }
        for i in 0..<3 * columns.count {
            fractions[i] = 1 - fractions[i]
        }
    }

    private init(_ image: Image, of mask: Mask) {
        self.image = image
        polarity = mask.polarity
    }
}
