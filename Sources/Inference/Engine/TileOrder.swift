/// An image of a stack, and the images that are walked as their difference from it.
package struct ImageGroup {
    package let image: Int
    package var differences: [Int] = []

    /// The groups of a stack, in its order; `targets` gives what an image is the difference from.
    package static func groups(images: Int, targets: [Int: Int] = [:]) -> [ImageGroup] {
        var groups = (0..<images).filter { targets[$0] == nil }.map { ImageGroup(image: $0) }
        for index in groups.indices {
            groups[index].differences =
                (0..<images).filter { targets[$0] == groups[index].image }
        }
        return groups
    }
}

/// The tiles of one step of one convolution, in the order in which they are cut into blocks: by
/// segment of columns, group of images, row and column. The tiles of a group at one place are
/// computed together, for those of a difference need those of its target.
package struct TileOrder {
    /// Neighbouring tiles of one row of tiles of one image.
    package struct Run {
        package let image: Int
        package let tileRow: Int
        package let tileColumn: Int
        package let count: Int
        /// The place of the first one within the block.
        package let place: Int
        package let kind: Kind
    }

    package enum Kind {
        case plain
        /// Differences from it follow.
        case target
        /// Its target's tiles begin at a place of the block.
        case difference(target: Int)
        /// Zero, and not in the block.
        case still
    }

    package let tileRows: Range<Int>
    private let groups: [ImageGroup]
    private let segments: [Range<Int>]
    private let across: Int
    // [group of the stack][difference][row of tiles][column]; and how many tiles there are before
    // each place of a tile, empty without differences.
    private let supports: [[[[TileSupport]]]]
    private var before: [Int] = []

    package init(
        _ groups: [ImageGroup], tileRows: Range<Int>, segments: [Range<Int>],
        support: StageSupport? = nil
    ) {
        self.groups = groups
        self.tileRows = tileRows
        self.segments = segments
        across = segments.last?.upperBound ?? 0
        guard let support else {
            supports = []
            return
        }
        supports = groups.map { group in
            group.differences.map { image in
                tileRows.map { support.tiles(ofRow: $0, image: image) }
            }
        }
        countTiles()
    }

    private mutating func countTiles() {
        var total = 0
        before.reserveCapacity(places + 1)
        for columns in segments {
            for differences in supports {
                for row in 0..<tileRows.count {
                    for column in columns {
                        before.append(total)
                        total += 1
                        for rows in differences where rows[row][column] != .none { total += 1 }
                    }
                }
            }
        }
        before.append(total)
    }

    /// Places of tiles, each of a group of images.
    private var places: Int { groups.count * tileRows.count * across }

    /// Tiles to compute.
    package var count: Int { before.last ?? places }

    /// The tiles before a place.
    package func tiles(before place: Int) -> Int { before.isEmpty ? place : before[place] }

    /// The places of one of several even blocks, which begin at a multiple of `unit` where each place
    /// has one tile.
    package func places(ofBlock block: Int, of blocks: Int, unit: Int) -> Range<Int> {
        guard before.isEmpty else { return cut(block, blocks)..<cut(block + 1, blocks) }
        let units = (places + unit - 1) / unit
        return block * units / blocks * unit..<min(places, (block + 1) * units / blocks * unit)
    }

    // The first place with its share of the tiles before it.
    private func cut(_ block: Int, _ blocks: Int) -> Int {
        let tiles = block * count / blocks
        var (low, high) = (0, places)
        while low < high {
            let middle = (low + high) / 2
            if before[middle] < tiles { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Calls `body` with the runs of some places, in the order of their places in the block.
    package func forEachRun(of places: Range<Int>, _ body: (Run) -> Void) {
        let rows = groups.count * tileRows.count
        var used = 0
        for columns in segments {
            let first = columns.lowerBound * rows
            var place = max(places.lowerBound, first)
            while place < min(places.upperBound, columns.upperBound * rows) {
                let (row, column) = (place - first).quotientAndRemainder(dividingBy: columns.count)
                let (group, tileRow) = row.quotientAndRemainder(dividingBy: tileRows.count)
                let count = min(columns.count - column, places.upperBound - place)
                let run = Run(
                    image: groups[group].image, tileRow: tileRows.lowerBound + tileRow,
                    tileColumn: columns.lowerBound + column, count: count, place: used,
                    kind: groups[group].differences.isEmpty ? .plain : .target)
                body(run)
                used += count
                for (number, image) in groups[group].differences.enumerated() {
                    let supports = supports[group][number][tileRow]
                    used = forEachRun(of: image, beside: run, supports, used, body)
                }
                place += count
            }
        }
    }

    // The runs of a difference beside a run of its target; returns the places used.
    private func forEachRun(
        of image: Int, beside target: Run, _ supports: [TileSupport], _ used: Int,
        _ body: (Run) -> Void
    ) -> Int {
        var used = used
        let end = target.tileColumn + target.count
        var column = target.tileColumn
        while column < end {
            let isStill = supports[column] == .none
            let first = column
            while column < end, (supports[column] == .none) == isStill { column += 1 }
            let place = target.place + first - target.tileColumn
            body(
                Run(
                    image: image, tileRow: target.tileRow, tileColumn: first,
                    count: column - first, place: used,
                    kind: isStill ? .still : .difference(target: place)))
            used += isStill ? 0 : column - first
        }
        return used
    }
}
