/// What the engine holds between two runs.
extension Extractor {
    /// Bytes of the weights of the convolutions, as they were given.
    public var weightBytes: Int {
        network.convolutions.reduce(0) { $0 + $1.weights.byteCount }
    }

    /// Bytes of the kernels in the tile domain, made so far and kept for good.
    public var kernelBytes: Int {
        (convolutions + transposed).reduce(0) { $0 + $1.madeBytes }
    }

    /// Bytes of the buffers that wait for the next run.
    public var idleBufferBytes: Int { buffers.retainedBytes }

    /// Lets all idle buffers go.
    public func releaseIdleBuffers() { buffers.releaseAll() }
}
