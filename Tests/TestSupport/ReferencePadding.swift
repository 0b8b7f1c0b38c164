import Inference

/// What a convolution reads outside of its input, by definition: index maps written out.
public enum ReferencePadding: Sendable {
    case zero, replicate, reflect

    /// The padding of one convolution of a variant.
    public init(_ padding: NetworkVariant.Padding, convolution index: Int) {
        switch padding {
        case .zero: self = .zero
        case .replicateFirst: self = index == 0 ? .replicate : .zero
        case .reflect: self = .reflect
        }
    }

    /// The place inside that stands at `i`, which is −1 … count; nil for a zero.
    public func source(_ i: Int, _ count: Int) -> Int? {
        if i >= 0 && i < count { return i }
        switch self {
        case .zero: return nil
        case .replicate: return min(max(i, 0), count - 1)
        case .reflect: return i < 0 ? -i : 2 * (count - 1) - i
        }
    }

    /// The features with one more pixel on every side.
    public func pad(_ input: ReferenceFeatures) -> ReferenceFeatures {
        var output = ReferenceFeatures(
            channels: input.channels, height: input.height + 2, width: input.width + 2)
        var i = 0
        for c in 0..<input.channels {
            for y in -1...input.height {
                for x in -1...input.width {
                    if let row = source(y, input.height), let column = source(x, input.width) {
                        output.values[i] = input[c, row, column]
                    }
                    i += 1
                }
            }
        }
        return output
    }

    /// The transpose of `pad`: each pixel outside adds its gradient to the one it was made of.
    public func fold(_ padded: ReferenceFeatures) -> ReferenceFeatures {
        var result = ReferenceFeatures(
            channels: padded.channels, height: padded.height - 2, width: padded.width - 2)
        var i = 0
        for c in 0..<padded.channels {
            for y in -1...result.height {
                for x in -1...result.width {
                    if let row = source(y, result.height), let column = source(x, result.width) {
                        result.values[(c * result.height + row) * result.width + column] +=
                            padded.values[i]
                    }
                    i += 1
                }
            }
        }
        return result
    }
}
