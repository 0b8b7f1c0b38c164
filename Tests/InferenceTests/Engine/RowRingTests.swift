import Inference
import TestSupport
import Testing

/// Rows that come and go: where they lie, what stands beside them, what memory they take.
struct RowRingTests {
    private static let sizes = [(1, 1), (5, 3), (7, 4), (4, 17), (9, 64)]

    private func ring(
        height: Int, width: Int, blocks: Int = 2, slots: Int = 3, images: Int = 2
    ) -> (ring: RowRing, arena: Arena) {
        let count = RowRing.count(
            height: height, width: width, blocks: blocks, slots: slots, images: images)
        // What the memory held before does not matter.
        let pool = BufferPool(retainedBytesMax: 1 << 30)
        Arena.of(floats: count, pool).floats(count).update(repeating: .nan, count: count)
        let arena = Arena.of(floats: count, pool)
        let ring = RowRing(
            height: height, width: width, blocks: blocks, slots: slots, images: images,
            arena: arena)
        return (ring, arena)
    }

    @Test(arguments: sizes)
    func `every row that is held has pixels of its own`(height: Int, width: Int) {
        let (ring, arena) = ring(height: height, width: width)
        defer { withExtendedLifetime(arena) {} }
        #expect(ring.slots == min(3, height))
        var owners: [UnsafeMutablePointer<Float>: [Int]] = [:]
        for image in 0..<2 {
            for y in 0..<ring.slots {
                for block in 0..<2 {
                    for x in 0..<width {
                        let pixel = ring.pixels(y, image: image, block: block) + x * Kernels.block
                        #expect(owners.updateValue([image, y, block, x], forKey: pixel) == nil)
                    }
                }
            }
        }
        #expect(owners.count == 2 * ring.slots * 2 * width)
    }

    @Test func `row y lies where row y − slots lay`() {
        let (ring, arena) = ring(height: 9, width: 4)
        defer { withExtendedLifetime(arena) {} }
        for y in 3..<9 { #expect(ring.row(y, image: 1) == ring.row(y - 3, image: 1)) }
        #expect(ring.row(0, image: 0) != ring.row(0, image: 1))
    }

    @Test(arguments: sizes)
    func `zeros stand on both sides, up to the last tile's border`(height: Int, width: Int) {
        let (ring, arena) = ring(height: height, width: width)
        defer { withExtendedLifetime(arena) {} }
        let tiles = (width + 3) / 4
        for y in 0..<ring.slots {
            for block in 0..<2 {
                let pixels = ring.pixels(y, image: 1, block: block)
                for x in [-1] + Array(width...4 * tiles) {
                    for c in 0..<Kernels.block {
                        #expect(pixels[x * Kernels.block + c] == 0)
                    }
                }
            }
        }
    }

    @Test func `rows do not share the sets of a first-level cache`() {
        // 14 + 2 pixels of 64 channels are 4 KiB.
        let (ring, arena) = ring(height: 4, width: 14, blocks: 1)
        defer { withExtendedLifetime(arena) {} }
        #expect(ring.rowStride % 1024 != 0 && ring.rowStride >= ring.blockStride)
    }

    @Test(
        arguments: [
            (Border.zero, nil, nil), (.replicate, 0, 4), (.reflect, 1, 3),
        ] as [(Border, Int?, Int?)])
    func `edges are what the border has there`(border: Border, left: Int?, right: Int?) {
        let (ring, arena) = ring(height: 4, width: 5)
        defer { withExtendedLifetime(arena) {} }
        for block in 0..<2 {
            let pixels = ring.pixels(2, image: 1, block: block)
            for i in 0..<5 * Kernels.block { pixels[i] = Float(1 + i) }
        }
        ring.fillEdges(2, image: 1, border: border)
        for block in 0..<2 {
            let pixels = ring.pixels(2, image: 1, block: block)
            for (x, source) in [(-1, left), (5, right)] {
                for c in 0..<Kernels.block {
                    let expected = source.map { pixels[$0 * Kernels.block + c] } ?? 0
                    #expect(pixels[x * Kernels.block + c] == expected)
                }
            }
        }
        #expect(border.source(-1, of: 5) == left && border.source(5, of: 5) == right)
        #expect(border.source(-2, of: 5) == nil && border.source(6, of: 5) == nil)
        #expect((0..<5).allSatisfy { border.source($0, of: 5) == $0 })
    }

    @Test func `an arena hands out cache lines until its plan is used up`() throws {
        let pool = BufferPool(retainedBytesMax: 1 << 20)
        do {
            let arena = Arena.of(floats: 48, pool)
            let first = arena.floats(1), second = arena.floats(17)
            #expect(second - first == 16)
            #expect(UnsafeRawPointer(first).isMultiple(of: 64))
            #expect(pool.idleBytes == 0)
            withExtendedLifetime(arena) {}
        }
        #expect(pool.idleBytes >= 48 * 4)
        // The smallest that fits is taken; what is too much goes back to the system.
        let large = try pool.take(count: 1 << 16)
        pool.giveBack(large)
        #expect(try pool.take(count: 40).count < 1 << 16)
        pool.giveBack(try pool.take(count: 1 << 19))
        #expect(pool.idleBytes <= 1 << 20)
        pool.releaseAll()
        #expect(pool.idleBytes == 0)
    }

    @Test(arguments: [1, 3, 127, 128, 129, 150, 1000, 4096])
    func `segments are all columns once, and whole tiles after a pool`(width: Int) {
        let columns = ColumnSegments.columns(width: width)
        #expect(columns.flatMap(Array.init) == Array(0..<width))
        #expect(columns.dropLast().allSatisfy { $0.upperBound % 8 == 0 })
        let tiles = columns.map(ColumnSegments.tiles)
        #expect(tiles.flatMap(Array.init) == Array(0..<(width + 3) / 4))
    }
}

extension UnsafeRawPointer {
    fileprivate func isMultiple(of alignment: Int) -> Bool {
        UInt(bitPattern: self) % UInt(alignment) == 0
    }
}
