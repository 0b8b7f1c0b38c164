/// The columns of a wide feature map in two halves, a narrow one's whole.
///
/// Of one pair of images, each of two workers computes and compares a half of both. If each computed
/// an image, every comparison would fetch half of its features from the other core, and the next rows
/// would take their cache lines back from it: with the cores on two dies (350 ns there and back
/// instead of 60), conv1_1 of a pair of 256² took 12 ms instead of 3 to write its output.
package enum ColumnSegments {
    /// Ranges of columns in order. They depend on the width alone, as sums over them do.
    package static func columns(width: Int) -> [Range<Int>] {
        guard width >= 128 else { return [0..<width] }
        // A multiple of 8 columns is whole tiles, and whole tiles after a pool.
        let middle = (width / 2 + 7) / 8 * 8
        return [0..<middle, middle..<width]
    }

    /// The tiles of a range of columns.
    package static func tiles(_ columns: Range<Int>) -> Range<Int> {
        columns.lowerBound / 4..<(columns.upperBound + 3) / 4
    }
}
