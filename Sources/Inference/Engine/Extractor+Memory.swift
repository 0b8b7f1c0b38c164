/// What the engine holds between two runs.
extension Extractor {
    /// Bytes of the weights that have been read for their kernels, as they were given: those of other
    /// layers are still where they came from.
    public var weightBytes: Int {
        zip(network.convolutions.dropFirst(), zip(convolutions, transposed)).reduce(0) {
            let (forward, backward) = $1.1
            return forward.madeBytes + backward.madeBytes > 0 ? $0 + $1.0.weights.byteCount : $0
        }
    }

    /// Bytes of the kernels in the tile domain, made so far and kept for good.
    public var kernelBytes: Int {
        (convolutions + transposed).reduce(0) { $0 + $1.madeBytes }
    }
}
