import Inference
import Testing

/// Memory that outlives a job, and how it is handed out.
struct BufferPoolTests {
    @Test func `what was given back is taken again, the smallest that is enough`() throws {
        let pool = BufferPool(retainedBytesMax: 1 << 20)
        let buffers = try [1000, 5000, 3000].map { try pool.take(count: $0) }
        for buffer in buffers { pool.giveBack(buffer) }
        #expect(try pool.take(count: 2000) === buffers[2])
        #expect(try pool.take(count: 2000) === buffers[1])
        #expect(try pool.take(count: 5000) !== buffers[1])
        #expect(pool.idleBytes == buffers[0].bytes)
        pool.releaseAll()
        #expect(pool.idleBytes == 0)
    }

    @Test func `keeps no more than it may, the newest`() throws {
        let pool = BufferPool(retainedBytesMax: 3 * 4096)
        let buffers = try (0..<4).map { _ in try pool.take(count: 1024) }
        for buffer in buffers { pool.giveBack(buffer) }
        #expect(pool.idleBytes == 3 * 4096)
        let kept = try (0..<3).map { _ in ObjectIdentifier(try pool.take(count: 1024)) }
        #expect(Set(kept) == Set(buffers[1...].map(ObjectIdentifier.init)))
        let large = try pool.take(count: 1 << 20)
        pool.giveBack(large)
        #expect(pool.idleBytes == 0)
    }

    @Test(arguments: [1, 1024, 1025, 600_000])
    func `buffers are whole pages, large ones huge pages`(count: Int) throws {
        let buffer = try FloatBuffer(count: count)
        let granule = 4 * count >= 2 << 20 ? 2 << 20 : 4096
        #expect(buffer.bytes % granule == 0 && buffer.bytes >= 4 * count)
        #expect(buffer.bytes - 4 * count < granule)
        #expect(UInt(bitPattern: buffer.base) % UInt(granule) == 0)
        buffer.base.update(repeating: 1, count: count)
        buffer.doubles.update(repeating: 2, count: count / 2)
    }

    @Test func `parts of an arena lie apart, each on a cache line of its own`() throws {
        let pool = BufferPool(retainedBytesMax: 1 << 20)
        let counts = [1, 16, 17, 100]
        let total = counts.reduce(0) { $0 + Arena.rounded($1) } + Arena.rounded(2 * 7)
        do {
            let arena = try Arena(count: total, pool: pool)
            var end = UInt(0)
            for count in counts {
                let part = UInt(bitPattern: arena.floats(count))
                #expect(part % 64 == 0 && part >= end)
                end = part + 4 * UInt(count)
            }
            let doubles = UInt(bitPattern: arena.doubles(7))
            #expect(doubles % 64 == 0 && doubles >= end)
            #expect(pool.idleBytes == 0)
        }
        #expect(pool.idleBytes > 0)
    }

    @Test func `a part outlives the hand that took the arena`() throws {
        let pool = BufferPool(retainedBytesMax: 1 << 20)
        var part: FloatBuffer?
        do {
            let arena = try Arena(count: 64, pool: pool)
            part = FloatBuffer(count: 64, in: arena)
        }
        #expect(pool.idleBytes == 0)
        part?.base.update(repeating: 3, count: 64)
        #expect(part?.bytes == 256)
        part = nil
        #expect(pool.idleBytes > 0)
    }
}
