extension FeatureMap {
    /// Features from values in the order of a client, (C, H, W) or (H, W, C), from `start` on; C is a
    /// multiple of 64, as at every tap.
    /// - Parameter check: called before each row of a block of channels; what it throws ends the work.
    /// - Throws: `outOfMemory`.
    public convenience init(
        channels: Int, height: Int, width: Int, layout: ChannelLayout = .planar, values: [Float],
        start: Int = 0, check: () throws(InferenceError) -> Void = {}
    ) throws(InferenceError) {
        let positions = height * width
        precondition(channels % Kernels.block == 0 && values.count >= start + channels * positions)
        try self.init(channels: channels, height: height, width: width)
        let (step, stride) = layout == .planar ? (1, positions) : (channels, 1)
        for block in 0..<channels / Kernels.block {
            for y in 0..<height {
                try check()
                let row = pixels(y, block: block)
                for c in 0..<Kernels.block {
                    let from = start + (block * Kernels.block + c) * stride + y * width * step
                    for x in 0..<width { row[x * Kernels.block + c] = values[from + x * step] }
                }
            }
        }
    }
}
