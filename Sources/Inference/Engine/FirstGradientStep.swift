/// conv1_1 backwards: from the gradient at its output to that at its input, in network order.
struct FirstGradientStep {
    let kernels: Kernels
    let kernel: UnsafePointer<Float>
    /// The gradient at the output, with the margin that the border asks for.
    let output: RowRing
    let zeros: UnsafePointer<Float>
    let fold: BorderFold

    /// One row of the gradient, [x][3], in the scratch memory of the thread.
    func row(_ y: Int, image: Int, _ workspace: Workspace) -> UnsafePointer<Float> {
        let count = 3 * output.width
        let sum = workspace.floats(2 * count)
        for (place, source) in fold.rows(y).enumerated() {
            let row = place == 0 ? sum : sum + count
            convolve(source, image: image, into: row)
            fold.foldColumns(row, step: 3)
            if place > 0 { for i in 0..<count { sum[i] += row[i] } }
        }
        return UnsafePointer(sum + (output.width - fold.width) / 2 * 3)
    }

    private func convolve(_ row: Int, image: Int, into out: UnsafeMutablePointer<Float>) {
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: 3) { rows in
            for r in 0..<3 {
                let y = row - 1 + r
                let isInside = (0..<output.height).contains(y)
                rows.initializeElement(
                    at: r, to: isInside ? UnsafePointer(output.row(y, image: image)) : zeros)
            }
            guard let rows = UnsafePointer(rows.baseAddress) else { return }
            kernels.firstLayerGradient(rows, kernel: kernel, width: output.width, out: out)
        }
    }
}
