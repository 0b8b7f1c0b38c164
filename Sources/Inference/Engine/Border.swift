/// What a convolution reads one pixel outside of its input.
package enum Border: Sendable {
    case zero
    /// The nearest pixel inside.
    case replicate
    /// The pixel as far inside of the outermost one as this is outside.
    case reflect

    /// The row or column that stands at a position outside of so many; nil for zeros, as beyond the
    /// border.
    package func source(_ position: Int, of count: Int) -> Int? {
        if (0..<count).contains(position) { return position }
        guard position == -1 || position == count else { return nil }
        switch self {
        case .zero: return nil
        case .replicate: return position < 0 ? 0 : count - 1
        case .reflect: return position < 0 ? 1 : count - 2
        }
    }
}
