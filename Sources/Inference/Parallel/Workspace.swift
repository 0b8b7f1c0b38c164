/// Scratch memory of one thread: tiles in the tile domain, products, centred pixels.
package final class Workspace {
    private var buffer: FloatBuffer?

    package init() {}

    /// The floats that are there.
    package var count: Int { buffer?.count ?? 0 }

    /// Makes room for so many floats before a loop asks for them, in which nothing can be thrown; false
    /// when the system does not give it.
    package func reserve(_ count: Int) -> Bool {
        guard count > self.count else { return true }
        buffer = nil
        do {
            buffer = try FloatBuffer(count: count)
            return true
        } catch {
            return false
        }
    }

    /// The floats of this thread, at least `count`, contents undefined; valid until the next call.
    package func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        guard reserve(count), let buffer else {
            preconditionFailure("a loop takes more scratch memory than was reserved for it")
        }
        return buffer.base
    }

    /// The same memory as doubles.
    package func doubles(_ count: Int) -> UnsafeMutablePointer<Double> {
        UnsafeMutableRawPointer(floats(2 * count)).bindMemory(to: Double.self, capacity: count)
    }
}

extension Workspace {
    /// The floats that suffice for every loop but a convolution's, over features of so many columns:
    /// a run of a centred Gram matrix of differences, which is more than the kernels of 512 channels
    /// before their transform, or a row of a block of channels with its margins.
    package static func count(width: Int) -> Int {
        let run = GramLayout.runPixels
        return max(
            2 * (CentredStrip<Double>.scratchCount(pixels: run) + run * Kernels.block),
            (width + 8) * Kernels.block)
    }
}
