import Inference
import TestSupport
import Testing

/// The order of tiles and how it is cut, with differences and without.
struct TileOrderTests {
    /// A tile of an image, as a block meets it.
    private struct Tile: Hashable {
        let image: Int, row: Int, column: Int
    }

    private static let segmentations = [[0..<5], [0..<2, 2..<5], [0..<1]]

    // The tiles of all blocks, in order, and their places within the block.
    private func blocks(
        _ order: TileOrder, of count: Int, unit: Int = 1
    ) -> [[(tile: Tile, place: Int?, kind: String)]] {
        (0..<count).map { block in
            var tiles: [(Tile, Int?, String)] = []
            order.forEachRun(of: order.places(ofBlock: block, of: count, unit: unit)) { run in
                for i in 0..<run.count {
                    let tile = Tile(image: run.image, row: run.tileRow, column: run.tileColumn + i)
                    switch run.kind {
                    case .plain: tiles.append((tile, run.place + i, "plain"))
                    case .target: tiles.append((tile, run.place + i, "target"))
                    case .difference: tiles.append((tile, run.place + i, "difference"))
                    case .still: tiles.append((tile, nil, "still"))
                    }
                }
            }
            return tiles
        }
    }

    @Test(arguments: segmentations, [1, 2, 3, 7])
    func `every tile of every image is computed once`(segments: [Range<Int>], count: Int) {
        let groups = ImageGroup.groups(images: 3)
        let order = TileOrder(groups, tileRows: 4..<6, segments: segments)
        let across = segments.reduce(0) { $0 + $1.count }
        #expect(order.count == 3 * 2 * across)
        for unit in [1, 4] {
            let all = blocks(order, of: count, unit: unit)
            let tiles = all.flatMap { $0.map(\.tile) }
            #expect(Set(tiles).count == order.count && tiles.count == order.count)
            #expect(tiles.allSatisfy { (4..<6).contains($0.row) && (0..<3).contains($0.image) })
            for block in all { #expect(block.map(\.place) == Array(0..<block.count)) }
            // Whole register blocks but for the last.
            for block in all.dropLast() { #expect(block.count % unit == 0) }
        }
    }

    @Test func `groups are images with the differences from them`() {
        let groups = ImageGroup.groups(images: 5, targets: [1: 0, 4: 0, 3: 2])
        #expect(groups.map(\.image) == [0, 2])
        #expect(groups.map(\.differences) == [[1, 4], [3]])
    }

    // Image 1 differs from image 0 in one pixel: of its tiles those around it are computed, with
    // target's beside them, and the rest are still.
    @Test(arguments: [1, 2, 5])
    func `tiles without a difference are still`(count: Int) {
        let (height, width) = (8, 20)
        let arena = Arena.kept(
            floats: 2 * SupportRing.count(height: height, width: width, slots: height, images: 2))
        let input = SupportRing(
            height: height, width: width, slots: height, images: 2, arena: arena)
        let full = SupportRing(
            height: height, width: width, slots: height, images: 2, arena: arena)
        for y in 0..<height {
            let row = input.row(y, image: 1)
            for x in 0..<width { row[x] = (y, x) == (2, 9) ? 1 : 0 }
        }
        let support = StageSupport(full: full, pooled: nil)
        support.update(tileRows: 0..<2, of: input, images: [1])
        #expect(support.tiles(ofRow: 0, image: 1) == [.none, .none, .some, .none, .none])
        #expect(support.tiles(ofRow: 1, image: 1).allSatisfy { $0 == .none })
        let order = TileOrder(
            ImageGroup.groups(images: 2, targets: [1: 0]), tileRows: 0..<2, segments: [0..<5],
            support: support)
        #expect(order.count == 10 + 1)
        let all = blocks(order, of: count)
        let tiles = all.flatMap(\.self)
        #expect(tiles.filter { $0.kind == "target" }.count == 10)
        #expect(tiles.filter { $0.kind == "still" }.count == 9)
        let computed = tiles.filter { $0.kind == "difference" }.map(\.tile)
        #expect(computed == [Tile(image: 1, row: 0, column: 2)])
        for block in all {
            let places = block.compactMap(\.place)
            #expect(places.sorted() == Array(0..<places.count))
        }
    }

    @Test func `support spreads by a pixel, and a pool joins four`() {
        let (height, width) = (5, 6)
        let arena = Arena.kept(
            floats: 3 * SupportRing.count(height: height, width: width, slots: height, images: 1))
        func ring(_ height: Int, _ width: Int) -> SupportRing {
            SupportRing(height: height, width: width, slots: height, images: 1, arena: arena)
        }
        let input = ring(height, width), full = ring(height, width), pooled = ring(2, 3)
        for y in 0..<height {
            for x in 0..<width { input.row(y, image: 0)[x] = (y, x) == (0, 5) ? 1 : 0 }
        }
        for y in 0..<height { full.spread(y, of: input, image: 0) }
        for y in 0..<height {
            for x in 0..<width {
                #expect(full.row(y, image: 0)[x] == (y <= 1 && x >= 4 ? 1 : 0), "\(y) \(x)")
            }
        }
        for y in 0..<2 { pooled.join(y, of: full, image: 0) }
        #expect((0..<3).map { pooled.row(0, image: 0)[$0] } == [0, 0, 1])
        #expect((0..<3).map { pooled.row(1, image: 0)[$0] } == [0, 0, 0])
    }
}
