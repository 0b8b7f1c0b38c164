/// The features of one image at one tap, kept as the engine reads them: [y][channel block][x][64]; all
/// rows, or the last ones of a walk that goes on, row y in slot y mod `slots`.
public final class FeatureMap: Sendable {
    /// C, H and W.
    public let channels: Int, height: Int, width: Int
    let slots: Int
    private let buffer: FloatBuffer

    /// A part of an arena.
    /// - Parameter slots: how many rows are kept, all when nil.
    package init(channels: Int, height: Int, width: Int, slots: Int? = nil, arena: Arena) {
        self.channels = channels
        self.height = height
        self.width = width
        self.slots = min(slots ?? height, height)
        buffer = FloatBuffer(count: channels * self.slots * width, in: arena)
    }

    /// All rows, in memory of its own.
    /// - Throws: `outOfMemory`.
    package init(channels: Int, height: Int, width: Int) throws(InferenceError) {
        buffer = try FloatBuffer(count: channels * height * width)
        self.channels = channels
        self.height = height
        self.width = width
        slots = height
    }

    /// The memory that the map takes.
    public var bytes: Int { buffer.bytes }

    /// A channel block of a row, at column 0.
    func pixels(_ y: Int, block: Int) -> UnsafeMutablePointer<Float> {
        buffer.base + (y % slots * channels / Kernels.block + block) * width * Kernels.block
    }

    /// Copies the features as (C, H, W), the order of PyTorch; `values` has C·H·W elements.
    /// - Parameter check: called before each row of a block of channels; what it throws ends the work.
    public func copyCHW<Failure: Error>(
        into values: UnsafeMutableBufferPointer<Float>, check: () throws(Failure) -> Void
    ) throws(Failure) {
        precondition(values.count == channels * height * width && slots == height)
        guard let output = values.baseAddress else { return }
        for block in 0..<channels / Kernels.block {
            for y in 0..<height {
                try check()
                let row = pixels(y, block: block)
                for c in 0..<Kernels.block {
                    let to = output + ((block * Kernels.block + c) * height + y) * width
                    for x in 0..<width { to[x] = row[x * Kernels.block + c] }
                }
            }
        }
    }
}

/// Features that are kept from earlier walks, by number and tap.
public typealias KeptFeatures = [Int: [Tap: FeatureMap]]
