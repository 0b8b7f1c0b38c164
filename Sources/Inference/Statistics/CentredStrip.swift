/// Running means of two channel blocks, for Gram matrices of centred features.
///
/// Each run of pixels is centred by its own mean, in two passes over the run, and its products are
/// joined to those before it as Chan, Golub & LeVeque do ("Updating Formulae and a Pairwise
/// Algorithm for Computing Sample Variances", 1979, eq. 2.1), here for pairs of variables:
/// `P = P_1 + P_2 + δ δᵀ n_1 n_2 / (n_1 + n_2)`, δ the difference of the two means.
package struct CentredStrip<Element: FeatureElement> {
    // Means of blocks a and b, and the count of pixels.
    private let memory: UnsafeMutablePointer<Double>
    private let kernels: Kernels

    /// The doubles that the means take.
    package static var count: Int { 2 * Kernels.block + 1 }

    package init(memory: UnsafeMutablePointer<Double>, kernels: Kernels) {
        self.memory = memory
        self.kernels = kernels
    }

    private var meansA: UnsafeMutablePointer<Double> { memory }
    private var meansB: UnsafeMutablePointer<Double> { memory + Kernels.block }
    private var pixels: UnsafeMutablePointer<Double> { memory + 2 * Kernels.block }

    /// The doubles of scratch memory that a run of so many pixels takes.
    package static func scratchCount(pixels: Int) -> Int {
        5 * Kernels.block + 2 * (pixels + 1) * Kernels.block
    }

    /// Forgets everything.
    package func clear() { memory.update(repeating: 0, count: Self.count) }

    /// The means of block a's first channels.
    package func means(_ count: Int) -> [Double] { (0..<count).map { meansA[$0] } }

    /// Replaces the run's pixels by centred copies and adds the term of the means to its products.
    package func centre(_ run: inout GramRun<Element>, workspace: Workspace) {
        let count = run.width * run.rows
        let block = Kernels.block
        let scratch = workspace.doubles(Self.scratchCount(pixels: count))
        let (a, b) = (Moments(scratch), Moments(scratch + 2 * block))
        let copies = UnsafeMutableRawPointer(scratch + 5 * block)
            .bindMemory(to: Element.self, capacity: 2 * (count + 1) * block)
        let origin = scratch + 4 * block
        centre(run.a, run, into: copies, a, origin)
        centre(run.b, run, into: copies + (count + 1) * block, b, origin)
        let (before, n) = (pixels[0], Double(count))
        let weight = before * n / (before + n)
        for i in run.channels {
            let delta = a.means[i] - meansA[i]
            for j in 0..<run.columnsEnd {
                // The copies are off their exact mean by what rounding it left.
                run.products[i * block + j] +=
                    delta * (b.means[j] - meansB[j]) * weight - n * a.residues[i] * b.residues[j]
            }
        }
        for c in 0..<block {
            meansA[c] += (a.means[c] - meansA[c]) * n / (before + n)
            meansB[c] += (b.means[c] - meansB[c]) * n / (before + n)
        }
        pixels[0] = before + n
    }

    // A block's means, and what they lose when they are rounded to an element.
    private struct Moments {
        let means: UnsafeMutablePointer<Double>
        let residues: UnsafeMutablePointer<Double>

        init(_ memory: UnsafeMutablePointer<Double>) {
            means = memory
            residues = memory + Kernels.block
        }
    }

    // `copies` has a pixel of shifts and then the run's pixels; the rows point to these afterwards.
    private func centre(
        _ rows: UnsafeMutablePointer<UnsafePointer<Element>>, _ run: GramRun<Element>,
        into copies: UnsafeMutablePointer<Element>, _ moments: Moments,
        _ origin: UnsafeMutablePointer<Double>
    ) {
        let count = Double(run.width * run.rows)
        // Relative to the first pixel: the mean of a constant channel is exact then.
        for c in 0..<Kernels.block {
            origin[c] = Double(rows[0][c])
            moments.means[c] = 0
        }
        for row in 0..<run.rows {
            Element.addChannelSums(
                kernels, rows[row], from: origin, width: run.width, to: moments.means)
        }
        for c in 0..<Kernels.block {
            let mean = origin[c] + moments.means[c] / count
            moments.means[c] = mean
            copies[c] = Element(mean)
            moments.residues[c] = mean - Double(copies[c])
        }
        var centred = copies + Kernels.block
        for row in 0..<run.rows {
            Element.centre(kernels, rows[row], by: copies, width: run.width, into: centred)
            rows[row] = UnsafePointer(centred)
            centred += run.width * Kernels.block
        }
    }
}
