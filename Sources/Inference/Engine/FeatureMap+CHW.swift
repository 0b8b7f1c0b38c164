extension FeatureMap {
    /// Features in the order of PyTorch, (C, H, W); C is a multiple of 64, as at every tap.
    public convenience init(channels: Int, height: Int, width: Int, chw values: [Float]) {
        precondition(channels % Kernels.block == 0 && values.count == channels * height * width)
        self.init(channels: channels, height: height, width: width)
        for c in 0..<channels {
            let (block, place) = c.quotientAndRemainder(dividingBy: Kernels.block)
            for y in 0..<height {
                let row = pixels(y, block: block) + place
                let start = (c * height + y) * width
                for x in 0..<width { row[x * Kernels.block] = values[start + x] }
            }
        }
    }
}
