/// Scratch memory of one thread: tiles in the tile domain, products, centred pixels.
package final class Workspace {
    private var buffer: FloatBuffer?

    package init() {}

    /// The floats of this thread, at least `count`, contents undefined; valid until the next call.
    package func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        if let buffer, buffer.count >= count { return buffer.base }
        buffer = nil
        let grown = FloatBuffer(count: count)
        buffer = grown
        return grown.base
    }

    /// The same memory as doubles.
    package func doubles(_ count: Int) -> UnsafeMutablePointer<Double> {
        UnsafeMutableRawPointer(floats(2 * count)).bindMemory(to: Double.self, capacity: count)
    }
}
