import Synchronization

/// Buffers that outlive one job, so that steady state takes no memory from the system.
///
/// Keeps at most `retainedBytesMax`; what a rare large job needed goes back when it ends.
public final class BufferPool: Sendable {
    private let retainedBytesMax: Int
    private let free = Mutex<[FloatBuffer]>([])

    /// A pool that keeps at most so many bytes.
    public init(retainedBytesMax: Int = 192 << 20) { self.retainedBytesMax = retainedBytesMax }

    /// A buffer of at least `count` floats, whose contents are whatever they were.
    /// - Throws: `outOfMemory`, when there would not be enough without the idle buffers either.
    package func take(count: Int) throws(InferenceError) -> FloatBuffer {
        let kept = free.withLock { buffers -> FloatBuffer? in
            let fitting = buffers.indices.filter { buffers[$0].count >= count }
            guard let best = fitting.min(by: { buffers[$0].count < buffers[$1].count }) else {
                return nil
            }
            return buffers.remove(at: best)
        }
        if let kept { return kept }
        do {
            return try FloatBuffer(count: count)
        } catch {
            releaseAll()
            return try FloatBuffer(count: count)
        }
    }

    /// Bytes of the buffers that nobody has taken.
    public var idleBytes: Int { free.withLock { $0.reduce(0) { $0 + $1.bytes } } }

    /// Lets all of them go.
    public func releaseAll() { free.withLock { $0 = [] } }

    package func giveBack(_ buffer: FloatBuffer) {
        free.withLock { buffers in
            buffers.append(buffer)
            var bytes = buffers.reduce(0) { $0 + $1.bytes }
            while bytes > retainedBytesMax { bytes -= buffers.removeFirst().bytes }
        }
    }
}

/// The memory of one walk: one buffer of the pool, handed out from front to back and given back whole.
package final class Arena {
    private let pool: BufferPool
    private let buffer: FloatBuffer
    private var used = 0

    /// - Throws: `outOfMemory`.
    package init(count: Int, pool: BufferPool) throws(InferenceError) {
        buffer = try pool.take(count: count)
        self.pool = pool
    }

    deinit { pool.giveBack(buffer) }

    /// Floats that live as long as the arena does, on a cache line of their own; contents undefined.
    package func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        let start = buffer.base + used
        used += Self.rounded(count)
        precondition(used <= buffer.count, "a walk needs more memory than its plan says")
        return start
    }

    /// Doubles, likewise: the room of twice as many floats.
    package func doubles(_ count: Int) -> UnsafeMutablePointer<Double> {
        UnsafeMutableRawPointer(floats(2 * count)).bindMemory(to: Double.self, capacity: count)
    }

    /// What `floats` takes for so many.
    package static func rounded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
