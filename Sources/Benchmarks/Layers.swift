import Inference

extension Bench {
    /// Each convolution of VGG-16 at 256 × 256, two images: the time of a walk that ends with it less
    /// that of the walk that ends before it. Noise of the machine is in both.
    func timeLayers() throws {
        header("layers (VGG-16, two images of 256x256; difference of two walks)")
        let extractor = try extractor(.vgg16)
        let images = [noise(256, 256, seed: 1), noise(256, 256, seed: 2)]
        var before = 0.0
        var gflopBefore = 0.0
        for layer in VGG.convolutions(.vgg16) {
            let demand = TapDemand(tap: layer.poolTap ?? layer.reluTap)
            let times = try Times {
                _ = try pool.runAndWait { team in
                    try extractor.run(images: images, demands: [demand], team: team)
                }
            }
            let gflop = 2 * gflopOfWalk(.vgg16, [demand.tap.description], height: 256, width: 256)
            let milliseconds = times.least - before
            let rate = (gflop - gflopBefore) / milliseconds * 1000
            let side = 256 >> (layer.block - 1)
            print(
                "\(pad("\(layer.name) \(layer.inChannels)->\(layer.outChannels) \(side)x\(side)", 44)) "
                    + "\(pad(format(milliseconds, 1), 8, left: true)) ms  "
                    + "\(pad(format(rate, 0), 6, left: true)) GFLOP/s  \(format(rate / peak, 2)) x peak"
            )
            (before, gflopBefore) = (times.least, gflop)
        }
    }
}
