/// A size that images are brought to before anything is computed of them: outputs, targets and masks.
public struct Resize: Sendable, Hashable {
    /// Which size.
    public enum Size: Sendable, Hashable {
        /// Height and width, whatever the shape was.
        case exact(ImageSize)
        /// The shorter side, the other in proportion, rounded down (torchvision's `Resize`).
        case shortSide(Int)
        /// The longer side, the other in proportion, rounded down.
        case maxSide(Int)
    }

    /// Which size.
    public var size: Size
    /// How samples between samples are found.
    public var filter: ResampleFilter
    /// Whether the filter widens as the image shrinks, as Pillow's does, or not, as in PyTorch's
    /// `interpolate`.
    public var antialiases: Bool
    /// Whether an image may become larger; without it, one of which a side would stays as it is.
    public var enlarges: Bool

    /// A resize.
    public init(
        _ size: Size, filter: ResampleFilter = .bilinear, antialiases: Bool = true,
        enlarges: Bool = false
    ) {
        self.size = size
        self.filter = filter
        self.antialiases = antialiases
        self.enlarges = enlarges
    }

    /// The size of an image after it, sides at least 1.
    public func size(of image: ImageSize) -> ImageSize {
        let wanted: ImageSize
        switch size {
        case .exact(let size): wanted = size
        case .shortSide(let side):
            wanted = Self.scaled(image, by: side, over: min(image.height, image.width))
        case .maxSide(let side):
            wanted = Self.scaled(image, by: side, over: max(image.height, image.width))
        }
        let isLarger = wanted.height > image.height || wanted.width > image.width
        return isLarger && !enlarges ? image : wanted
    }

    private static func scaled(_ image: ImageSize, by side: Int, over own: Int) -> ImageSize {
        ImageSize(
            height: max(1, image.height * side / own), width: max(1, image.width * side / own))
    }

    /// What it does to images of a size; nil where they stay as they are.
    public func resampling(of image: ImageSize) -> Resampling? {
        let wanted = size(of: image)
        guard wanted != image else { return nil }
        return Resampling(from: image, to: wanted, filter, antialiases: antialiases)
    }
}

/// Sizes of half the sides each, whose losses are added to those of the images: PyTorch's `interpolate` with
/// `scale_factor=0.5`, bilinear without antialiasing, which of even sides is the mean of 2 × 2
/// (NVlabs/imaginaire c6f7484, imaginaire/losses/perceptual.py:32-155, `num_scales`).
public enum Pyramid {
    /// The size of the level after one.
    public static func half(of size: ImageSize) -> ImageSize {
        ImageSize(height: max(1, size.height / 2), width: max(1, size.width / 2))
    }

    /// From one level to the next.
    public static func step(from size: ImageSize) -> Resampling {
        Resampling(from: size, to: half(of: size), .bilinear, antialiases: false, scale: 2)
    }
}

extension Loss {
    /// Whether images are compared at another size than their own, or at several.
    public var changesSizes: Bool { resize != nil || levels > 1 }

    /// The size in which an image is compared at a level of the pyramid.
    public func size(of image: ImageSize, level: Int = 0) -> ImageSize {
        (0..<level).reduce(resize?.size(of: image) ?? image) { size, _ in Pyramid.half(of: size) }
    }

    /// What is done to an image of a size to compare it at all levels, in order.
    public func resamplings(of image: ImageSize) -> [Resampling] {
        let steps = (0..<levels - 1).map { Pyramid.step(from: size(of: image, level: $0)) }
        return (resize?.resampling(of: image).map { [$0] } ?? []) + steps
    }
}
