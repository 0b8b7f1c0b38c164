import Inference
import TestSupport

/// Features of one image as observers see them, [y][channel block][x][64], and as the slow twins do.
final class PackedFeatures<Element: FeatureElement> {
    let shape: FeatureShape
    /// [channel][position]
    let channels: [[Double]]
    private let memory: UnsafeMutablePointer<Element>

    init(_ shape: FeatureShape, channels: [[Double]]) {
        self.shape = shape
        self.channels = channels
        let blocks = Kernels.blocks(of: shape.channels)
        let count = blocks * Kernels.block * shape.positions
        memory = .allocate(capacity: count)
        memory.initialize(repeating: 0, count: count)
        for (channel, values) in channels.enumerated() {
            for (position, value) in values.enumerated() {
                let (y, x) = position.quotientAndRemainder(dividingBy: shape.width)
                let row = y * blocks + channel / Kernels.block
                memory[(row * shape.width + x) * Kernels.block + channel % Kernels.block] =
                    Element(value)
            }
        }
    }

    /// Noise, exact in single precision, around a mean.
    convenience init(_ shape: FeatureShape, seed: Int, mean: Double = 0) {
        let values = KernelInputs.doubles(shape.count, seed).map { $0 + mean }
        self.init(
            shape,
            channels: (0..<shape.channels).map {
                Array(values[$0 * shape.positions..<($0 + 1) * shape.positions])
            })
    }

    deinit { memory.deallocate() }

    var rows: FeatureRows<Element> {
        let blocks = Kernels.blocks(of: shape.channels)
        let blockStride = shape.width * Kernels.block
        return FeatureRows(
            base: memory, slots: shape.height, rowStride: blocks * blockStride,
            blockStride: blockStride, blocks: blocks)
    }

    /// Lets an observer see all rows, in groups of whole units, as one thread would.
    func show(
        _ observer: any RowObserver<Element>, beside target: PackedFeatures? = nil, unit: Int = 4,
        unitsPerGroup: Int = 1
    ) {
        let workspace = Workspace()
        for first in stride(from: 0, to: shape.height, by: unit * unitsPerGroup) {
            let rows = first..<min(first + unit * unitsPerGroup, shape.height)
            let group = RowGroup(rows: rows, unit: unit, width: shape.width)
            observer.prepare(group)
            for segment in observer.segments.indices {
                for item in 0..<observer.items(of: group) {
                    observer.observe(
                        Sight(subject: self.rows, target: target?.rows), group, segment: segment,
                        item: item, workspace: workspace)
                }
            }
            observer.finish(group)
        }
    }
}

extension FeatureShape {
    /// Every segment of columns of a width.
    func segments(_ count: Int) -> [Range<Int>] {
        (0..<count).map { $0 * width / count..<($0 + 1) * width / count }
    }
}

extension Arena {
    /// An arena for one test. What is made of its memory does not keep it, so it is never released.
    static func kept(floats count: Int) -> Arena {
        let arena = Arena.of(floats: count, BufferPool(retainedBytesMax: 0))
        _ = Unmanaged.passRetained(arena)
        return arena
    }

    /// An arena of a test, for which there is memory.
    static func of(floats count: Int, _ pool: BufferPool) -> Arena {
        do {
            return try Arena(count: count, pool: pool)
        } catch {
            preconditionFailure("there is no memory for a test")
        }
    }
}
