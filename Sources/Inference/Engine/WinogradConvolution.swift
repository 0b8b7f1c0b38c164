import Synchronization

/// One 3 × 3 convolution prepared for the tile domain: U = G g Gᵀ, packed in panels of `nr` output
/// channels, and the bias.
///
/// Backwards it is the convolution that takes the gradient at its output to that at its input: the
/// same one with its kernels turned by 180 degrees, the roles of its channels exchanged and no bias
/// (Lavin & Gray, section 3).
///
/// U is four times the size of the kernels (37.7 MB for 512 → 512 channels), so it is made when a
/// request first needs the layer in that direction.
package final class WinogradConvolution: Sendable {
    package enum Direction { case forward, backward }

    let shape: ConvolutionShape
    let direction: Direction
    let bias: FloatBuffer
    private let weights: WeightTensor
    private let kernels: Kernels
    private let transformed = Mutex<FloatBuffer?>(nil)
    private let made = Atomic(0)

    /// Channels that it reads and that it writes, in blocks of 64.
    package let icBlocks: Int
    package let ocBlocks: Int

    package init(_ weights: ConvolutionWeights, direction: Direction = .forward, kernels: Kernels) {
        shape = weights.shape
        self.direction = direction
        self.weights = weights.weights
        self.kernels = kernels
        let inBlocks = shape.inChannels / Kernels.block
        let outBlocks = shape.outChannels / Kernels.block
        switch direction {
        case .forward:
            (icBlocks, ocBlocks) = (inBlocks, outBlocks)
            bias = FloatBuffer(copying: weights.bias)
        case .backward:
            (icBlocks, ocBlocks) = (outBlocks, inBlocks)
            bias = FloatBuffer(copying: [Float](repeating: 0, count: shape.inChannels))
        }
    }

    /// Bytes of U.
    package var transformedBytes: Int {
        Kernels.elements * shape.inChannels * shape.outChannels * MemoryLayout<Float>.stride
    }

    /// Bytes of U once it is made, without waiting for whoever makes it.
    package var madeBytes: Int { made.load(ordering: .relaxed) }

    /// U as [oc block][element][panel][ic][nr].
    /// - Throws: `outOfMemory`.
    package func transformedKernels(_ team: Team) throws(InferenceError) -> FloatBuffer {
        try transformed.withLock { kept throws(InferenceError) in
            if let kept { return kept }
            let made = try transform(team)
            kept = made
            self.made.store(transformedBytes, ordering: .relaxed)
            return made
        }
    }

    private func transform(_ team: Team) throws(InferenceError) -> FloatBuffer {
        let ic = icBlocks * Kernels.block
        let nr = kernels.nr
        let panels = Kernels.block / nr
        let u = try FloatBuffer(count: transformedBytes / MemoryLayout<Float>.stride)
        team.parallelWithWorkspace(ocBlocks * panels) { item, workspace in
            let (block, panel) = item.quotientAndRemainder(dividingBy: panels)
            let count = nr * ic * 9
            let kernel = UnsafeMutableBufferPointer(
                start: workspace.floats(count + nr * 9), count: count)
            switch direction {
            case .forward: weights.read(from: item * count, into: kernel)
            case .backward: readTurned(inChannels: item * nr..<(item + 1) * nr, into: kernel)
            }
            guard let kernel = kernel.baseAddress else { return }
            kernels.transformKernel(
                kernel, ic: ic,
                u: u.base + block * Kernels.elements * Kernels.block * ic + panel * ic * nr,
                uStride: Kernels.block * ic)
        }
        return u
    }

    /// g′[i][o][r][s] = g[o][i][2 − r][2 − s], with room for one more row of kernels behind.
    private func readTurned(
        inChannels: Range<Int>, into kernel: UnsafeMutableBufferPointer<Float>
    ) {
        guard let turned = kernel.baseAddress else { return }
        let (inCount, outCount) = (shape.inChannels, shape.outChannels)
        let row = turned + kernel.count
        for o in 0..<outCount {
            weights.read(
                from: (o * inCount + inChannels.lowerBound) * 9,
                into: UnsafeMutableBufferPointer(start: row, count: 9 * inChannels.count))
            for i in 0..<inChannels.count {
                for k in 0..<9 { turned[(i * outCount + o) * 9 + k] = row[9 * i + 8 - k] }
            }
        }
    }
}

/// conv1_1, computed directly: kernels as [row][column][channel][64], and turned by 180 degrees for the
/// way back.
final class FirstConvolution: Sendable {
    let kernel: FloatBuffer
    let turned: FloatBuffer
    let bias: FloatBuffer

    init(_ weights: ConvolutionWeights) {
        let values = weights.weights.floats()  // (64, 3, 3, 3)
        var kernel = values, turned = values
        for (i, value) in values.enumerated() {
            let (oc, rest) = i.quotientAndRemainder(dividingBy: 27)
            let (channel, position) = rest.quotientAndRemainder(dividingBy: 9)
            kernel[(position * 3 + channel) * Kernels.block + oc] = value
            turned[((8 - position) * 3 + channel) * Kernels.block + oc] = value
        }
        self.kernel = FloatBuffer(copying: kernel)
        self.turned = FloatBuffer(copying: turned)
        bias = FloatBuffer(copying: weights.bias)
    }
}

extension FloatBuffer {
    /// Small weights that every walk needs, made when a network is loaded.
    convenience init(copying values: [Float]) {
        do {
            try self.init(count: values.count)
        } catch {
            preconditionFailure("there is no memory for a network")
        }
        base.update(from: values, count: values.count)
    }
}
