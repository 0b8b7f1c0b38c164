import Synchronization

/// Buffers that outlive one job, so that steady state takes no memory from the system.
///
/// Keeps at most `retainedBytesMax`; what a rare large job needed goes back when it ends.
final class BufferPool: Sendable {
    private let retainedBytesMax: Int
    private let free = Mutex<[FloatBuffer]>([])

    init(retainedBytesMax: Int) { self.retainedBytesMax = retainedBytesMax }

    /// A buffer of at least `count` floats, whose contents are whatever they were.
    func take(count: Int) -> FloatBuffer {
        let kept = free.withLock { buffers -> FloatBuffer? in
            // The smallest that fits, unless it is so large that a smaller job would waste it.
            let fitting = buffers.indices.filter {
                buffers[$0].count >= count && buffers[$0].count <= 2 * count + (1 << 16)
            }
            guard let best = fitting.min(by: { buffers[$0].count < buffers[$1].count }) else {
                return nil
            }
            return buffers.remove(at: best)
        }
        return kept ?? FloatBuffer(count: count)
    }

    func giveBack(_ buffer: FloatBuffer) {
        free.withLock { buffers in
            buffers.append(buffer)
            var bytes = buffers.reduce(0) { $0 + $1.bytes }
            while bytes > retainedBytesMax { bytes -= buffers.removeFirst().bytes }
        }
    }
}
