import Inference
import TestSupport
import Testing

/// Where differences may be other than zero, pixel by pixel.
struct SupportTests {
    private static let sizes = [(1, 1), (1, 6), (5, 1), (4, 4), (7, 9), (6, 10)]

    private func ring(height: Int, width: Int, slots: Int? = nil, images: Int = 1) -> SupportRing {
        let slots = slots ?? height
        let arena = Arena.kept(
            floats: SupportRing.count(height: height, width: width, slots: slots, images: images))
        return SupportRing(
            height: height, width: width, slots: slots, images: images, arena: arena)
    }

    // About one pixel in ten.
    private func pixels(_ height: Int, _ width: Int, seed: Int) -> [[UInt8]] {
        let noise = TestNetworks.noise(count: height * width, seed: seed)
        return (0..<height).map { y in (0..<width).map { noise[y * width + $0] < 26 ? 1 : 0 } }
    }

    private func fill(_ ring: SupportRing, _ pixels: [[UInt8]], image: Int = 0) {
        for (y, row) in pixels.enumerated() {
            for (x, value) in row.enumerated() { ring.row(y, image: image)[x] = value }
        }
    }

    private func rows(_ ring: SupportRing, image: Int = 0) -> [[UInt8]] {
        (0..<ring.height).map { y in (0..<ring.width).map { ring.row(y, image: image)[$0] } }
    }

    private func spread(_ pixels: [[UInt8]]) -> [[UInt8]] {
        pixels.indices.map { y in
            pixels[y].indices.map { x in
                for row in max(0, y - 1)...min(pixels.count - 1, y + 1) {
                    for column in max(0, x - 1)...min(pixels[y].count - 1, x + 1)
                    where pixels[row][column] == 1 { return 1 }
                }
                return 0
            }
        }
    }

    private func joined(_ pixels: [[UInt8]]) -> [[UInt8]] {
        (0..<pixels.count / 2).map { y in
            (0..<pixels[0].count / 2).map { x -> UInt8 in
                let (upper, lower) = (pixels[2 * y], pixels[2 * y + 1])
                return upper[2 * x] | upper[2 * x + 1] | lower[2 * x] | lower[2 * x + 1]
            }
        }
    }

    @Test(arguments: sizes)
    func `a convolution spreads it by a pixel and a pool joins four`(height: Int, width: Int) {
        for seed in 1...4 {
            let pixels = pixels(height, width, seed: seed)
            let (input, full) = (
                ring(height: height, width: width, images: 2),
                ring(height: height, width: width, images: 2)
            )
            fill(input, pixels, image: 1)
            fill(input, pixels.map { $0.map { _ in 0 } }, image: 0)
            let pooled =
                min(height, width) > 1
                ? ring(height: height / 2, width: width / 2, images: 2) : nil
            let support = StageSupport(full: full, pooled: pooled)
            // One row of tiles after another.
            for row in 0..<(height + 3) / 4 {
                support.update(tileRows: row..<row + 1, of: input, images: [0, 1])
            }
            let expected = spread(pixels)
            #expect(rows(full, image: 1) == expected)
            #expect(rows(full, image: 0).joined().allSatisfy { $0 == 0 })
            if let pooled { #expect(rows(pooled, image: 1) == joined(expected)) }
            for tileRow in 0..<(height + 3) / 4 {
                #expect(support.tiles(ofRow: tileRow, image: 1) == tiles(expected, tileRow))
                #expect(support.tiles(ofRow: tileRow, image: 0).allSatisfy { $0 == .none })
            }
        }
    }

    private func tiles(_ pixels: [[UInt8]], _ tileRow: Int) -> [TileSupport] {
        stride(from: 0, to: pixels[0].count, by: 4).map { x in
            let inside = pixels[4 * tileRow..<min(4 * tileRow + 4, pixels.count)].flatMap {
                $0[x..<min(x + 4, $0.count)]
            }
            if inside.allSatisfy({ $0 == 0 }) { return .none }
            return inside.allSatisfy { $0 == 1 } ? .all : .some
        }
    }

    @Test func `rows take turns in the slots`() {
        let ring = ring(height: 9, width: 5, slots: 3, images: 2)
        for y in 3..<9 { #expect(ring.row(y, image: 1) == ring.row(y - 3, image: 1)) }
        #expect(ring.row(0, image: 1) - ring.row(0, image: 0) == 15)
        #expect(ring.row(1, image: 0) - ring.row(0, image: 0) == 5)
    }
}
