import Synchronization

/// One 3 × 3 convolution prepared for the tile domain: U = G g Gᵀ, packed in panels of `nr` output
/// channels, and the bias.
///
/// U is four times the size of the kernels (37.7 MB for 512 → 512 channels), so it is made when a
/// request first needs the layer.
final class WinogradConvolution: Sendable {
    let shape: ConvolutionShape
    let bias: FloatBuffer
    private let weights: WeightTensor
    private let kernels: Kernels
    private let transformed = Mutex<FloatBuffer?>(nil)

    /// Input and output channels in blocks of 64.
    let icBlocks: Int
    let ocBlocks: Int

    init(_ weights: ConvolutionWeights, kernels: Kernels) {
        shape = weights.shape
        self.weights = weights.weights
        self.kernels = kernels
        icBlocks = shape.inChannels / Kernels.block
        ocBlocks = shape.outChannels / Kernels.block
        bias = FloatBuffer(copying: weights.bias)
    }

    /// Bytes of U.
    var transformedBytes: Int {
        Kernels.elements * shape.inChannels * shape.outChannels * MemoryLayout<Float>.stride
    }

    /// U as [oc block][element][panel][ic][nr].
    func transformedKernels(_ team: Team) -> FloatBuffer {
        transformed.withLock { kept in
            if let kept { return kept }
            let made = transform(team)
            kept = made
            return made
        }
    }

    private func transform(_ team: Team) -> FloatBuffer {
        let ic = shape.inChannels
        let nr = kernels.nr
        let panels = Kernels.block / nr
        let u = FloatBuffer(count: transformedBytes / MemoryLayout<Float>.stride)
        team.parallelWithWorkspace(ocBlocks * panels) { item, workspace in
            let (block, panel) = item.quotientAndRemainder(dividingBy: panels)
            let count = nr * ic * 9
            let kernel = UnsafeMutableBufferPointer(start: workspace.floats(count), count: count)
            weights.read(from: item * count, into: kernel)
            kernels.transformKernel(
                workspace.floats(count), ic: ic,
                u: u.base + block * Kernels.elements * Kernels.block * ic + panel * ic * nr,
                uStride: Kernels.block * ic)
        }
        return u
    }
}

/// conv1_1, computed directly: kernels as [row][column][channel][64].
final class FirstConvolution: Sendable {
    let kernel: FloatBuffer
    let bias: FloatBuffer

    init(_ weights: ConvolutionWeights) {
        let values = weights.weights.floats()  // (64, 3, 3, 3)
        let kernel = FloatBuffer(count: values.count)
        for (i, value) in values.enumerated() {
            let (oc, rest) = i.quotientAndRemainder(dividingBy: 27)
            let (channel, position) = rest.quotientAndRemainder(dividingBy: 9)
            kernel.base[(position * 3 + channel) * Kernels.block + oc] = value
        }
        self.kernel = kernel
        bias = FloatBuffer(copying: weights.bias)
    }
}

extension FloatBuffer {
    convenience init(copying values: [Float]) {
        self.init(count: values.count)
        for (i, value) in values.enumerated() { base[i] = value }
    }
}
