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

    package init(count: Int) {
        owner = nil
        self.count = max(count, 1)
        let bytes = self.count * MemoryLayout<Float>.stride
        let isLarge = bytes >= Self.hugePageBytes
        let granule = isLarge ? Self.hugePageBytes : 4096
        mappedBytes = (bytes + granule - 1) / granule * granule
        var memory: UnsafeMutableRawPointer?
        // Admission bounds what is asked for; beyond it there is nothing sensible to answer.
        guard posix_memalign(&memory, granule, mappedBytes) == 0, let memory else {
            preconditionFailure("out of memory: \(mappedBytes) bytes")
        }
        if isLarge { madvise(memory, mappedBytes, Int32(MADV_HUGEPAGE)) }
        base = memory.bindMemory(to: Float.self, capacity: self.count)
    }

    deinit { if owner == nil { free(base) } }

    package var bytes: Int { mappedBytes }

    /// The same memory as half as many doubles.
    package var doubles: UnsafeMutablePointer<Double> {
        UnsafeMutableRawPointer(base).bindMemory(to: Double.self, capacity: count / 2)
    }
}
