import Glibc

/// Page-aligned floats outside Swift's heap, undefined when new, given back to the system when released.
///
/// Large ones ask for 2 MiB pages: with 4 KiB pages the tile-domain product of 512 → 512 channels
/// ran at 86 GFLOP/s a core instead of 104 (Zen 4, 28 tiles), for misses of the TLB.
package final class FloatBuffer: @unchecked Sendable {
    // Unchecked: a buffer belongs to one walk (its arena), one thread (its workspace) or, once filled, to
    // readers alone (kernels, biases, kept maps, tapes). Within a walk the items of one parallel loop
    // write to places of their own, and nobody reads them before the loop has ended.
    package let base: UnsafeMutablePointer<Float>
    package let count: Int
    private let mappedBytes: Int
    // Whose memory it is a part of.
    private let owner: Arena?

    private static let hugePageBytes = 2 << 20

    /// A part of an arena, which lives as long as this does.
    package init(count: Int, in arena: Arena) {
        self.count = count
        mappedBytes = count * MemoryLayout<Float>.stride
        base = arena.floats(count)
        owner = arena
    }

    /// - Throws: `outOfMemory`.
    package init(count: Int) throws(InferenceError) {
        let count = max(count, 1)
        let granule = Self.granule(count)
        let bytes = (count * MemoryLayout<Float>.stride + granule - 1) / granule * granule
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, granule, bytes) == 0, let memory else { throw .outOfMemory }
        if granule == Self.hugePageBytes { madvise(memory, bytes, Int32(MADV_HUGEPAGE)) }
        self.count = count
        mappedBytes = bytes
        base = memory.bindMemory(to: Float.self, capacity: count)
        owner = nil
    }

    private static func granule(_ count: Int) -> Int {
        count * MemoryLayout<Float>.stride >= hugePageBytes ? hugePageBytes : 4096
    }

    deinit { if owner == nil { free(base) } }

    package var bytes: Int { mappedBytes }

    /// The same memory as half as many doubles.
    package var doubles: UnsafeMutablePointer<Double> {
        UnsafeMutableRawPointer(base).bindMemory(to: Double.self, capacity: count / 2)
    }
}
