/// Where the differences of a stack, and what is computed from them, may be other than zero: the last
/// rows of one layer, a byte a pixel, 1 or 0.
///
/// A pixel outside is zero, and is not computed to be so: the tile domain would leave it what rounding
/// leaves of its neighbours.
package struct SupportRing {
    package let height: Int
    package let width: Int
    private let slots: Int
    private let base: UnsafeMutablePointer<UInt8>

    package init(height: Int, width: Int, slots: Int, images: Int, arena: Arena) {
        self.height = height
        self.width = width
        self.slots = min(slots, height)
        let bytes = images * self.slots * width
        base = UnsafeMutableRawPointer(arena.floats((bytes + 3) / 4))
            .bindMemory(to: UInt8.self, capacity: bytes)
    }

    /// The floats that a ring takes of its arena.
    package static func count(height: Int, width: Int, slots: Int, images: Int) -> Int {
        Arena.rounded((images * min(slots, height) * width + 3) / 4)
    }

    /// The bytes of a row, at column 0.
    package func row(_ y: Int, image: Int) -> UnsafeMutablePointer<UInt8> {
        base + (image * slots + y % slots) * width
    }

    /// Fills a row as a 3 × 3 convolution spreads its input; every border but of zeros repeats pixels
    /// that are next to it anyway.
    package func spread(_ y: Int, of input: SupportRing, image: Int) {
        let above = UnsafePointer(input.row(max(0, y - 1), image: image))
        let here = UnsafePointer(input.row(y, image: image))
        let below = UnsafePointer(input.row(min(height - 1, y + 1), image: image))
        let out = row(y, image: image)
        for x in 0..<width { out[x] = above[x] | here[x] | below[x] }
        for x in 1..<max(1, width) { out[x] |= above[x - 1] | here[x - 1] | below[x - 1] }
        for x in 0..<width - 1 { out[x] |= above[x + 1] | here[x + 1] | below[x + 1] }
    }

    /// Fills a row as a 2 × 2 pool of stride 2 joins its input.
    package func join(_ y: Int, of input: SupportRing, image: Int) {
        let (upper, lower) = (input.row(2 * y, image: image), input.row(2 * y + 1, image: image))
        let out = row(y, image: image)
        for x in 0..<width {
            out[x] = upper[2 * x] | upper[2 * x + 1] | lower[2 * x] | lower[2 * x + 1]
        }
    }
}

/// The supports of what one convolution makes: before its pool and after it.
package struct StageSupport {
    package let full: SupportRing
    package let pooled: SupportRing?

    package init(full: SupportRing, pooled: SupportRing?) {
        self.full = full
        self.pooled = pooled
    }

    /// Fills both for some rows of tiles.
    package func update(tileRows: Range<Int>, of input: SupportRing, images: [Int]) {
        for image in images {
            for y in 4 * tileRows.lowerBound..<min(4 * tileRows.upperBound, full.height) {
                full.spread(y, of: input, image: image)
            }
            guard let pooled else { continue }
            for y in 2 * tileRows.lowerBound..<min(2 * tileRows.upperBound, pooled.height) {
                pooled.join(y, of: full, image: image)
            }
        }
    }

    /// How much of each tile of a row of tiles is inside.
    package func tiles(ofRow tileRow: Int, image: Int) -> [TileSupport] {
        let rows = 4 * tileRow..<min(4 * tileRow + 4, full.height)
        return stride(from: 0, to: full.width, by: 4).map { x in
            let columns = x..<min(x + 4, full.width)
            var count = 0
            for y in rows {
                let row = full.row(y, image: image)
                for x in columns { count += Int(row[x]) }
            }
            return count == 0 ? .none : count == rows.count * columns.count ? .all : .some
        }
    }
}

/// How much of a tile may be other than zero.
package enum TileSupport { case none, some, all }
