/// Two images of a stack, by position, of whose features at a tap the signs of the differences are kept.
struct SignDemand: Sendable, Hashable {
    let tap: Tap
    let image: Int
    let target: Int
}

/// The signs of the differences of two images' features at one tap, two bits a value: of the target all
/// that the gradient of a sum of absolute differences needs.
struct SignMap: Sendable {
    // Where the difference is above zero and where it is below, in the place of two images.
    private let bits: PassBits
    private let shape: FeatureShape

    init(_ shape: FeatureShape, arena: Arena) {
        self.shape = shape
        bits = PassBits(
            images: 2, blocks: Kernels.blocks(of: shape.channels), width: shape.width,
            slots: shape.height, arena: arena)
    }

    /// The floats whose room it takes.
    static func count(_ shape: FeatureShape) -> Int {
        Arena.rounded(
            PassBits.count(
                images: 2, blocks: Kernels.blocks(of: shape.channels), width: shape.width,
                slots: shape.height))
    }

    /// Keeps rows that the ring of the tap holds.
    func record(
        rows: Range<Int>, of demand: SignDemand, _ ring: RowRing, kernels: Kernels, team: Team
    ) {
        team.parallel(rows.count * ring.blocks) { item in
            let (place, block) = item.quotientAndRemainder(dividingBy: ring.blocks)
            let y = rows.lowerBound + place
            kernels.differenceSigns(
                ring.pixels(y, image: demand.image, block: block),
                ring.pixels(y, image: demand.target, block: block), columns: shape.width,
                above: bits.row(y, image: 0, block: block),
                below: bits.row(y, image: 1, block: block))
        }
    }

    /// Adds one row of `factor` times the signs; `out` gives the place of each channel block, [x][64].
    func add(
        row y: Int, times factor: Float, kernels: Kernels,
        to out: (_ block: Int) -> UnsafeMutablePointer<Float>
    ) {
        for block in 0..<Kernels.blocks(of: shape.channels) {
            kernels.addSigns(
                above: bits.row(y, image: 0, block: block),
                below: bits.row(y, image: 1, block: block), columns: shape.width, times: factor,
                to: out(block))
        }
    }
}
