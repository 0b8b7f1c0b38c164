import Inference
import TestSupport
import Testing

/// Which outputs pass a gradient: each bit on the tape against double precision.
struct GradientDecisionTests {
    private static let (height, width) = (37, 44)
    private static let network = TestNetworks.vgg16
    private static let tap = Tap("pool3")

    /// Noise, one colour, a letterboxed picture, and a saturated half: what breaks ties by rounding.
    static let images: [(name: String, image: Image)] = [
        ("noise", picture { _, _, noise in noise }),
        ("flat", picture { _, _, _ in 90 }),
        ("black", picture { _, _, _ in 0 }),
        ("letterboxed", picture { y, _, noise in (10..<27).contains(y) ? noise : 0 }),
        ("saturated", picture { _, x, noise in x < 20 ? 255 : noise }),
    ]

    private static func picture(_ value: (Int, Int, UInt8) -> UInt8) -> Image {
        let noise = TestNetworks.noise(count: 3 * width * height, seed: 5)
        let values = noise.indices.map { i in value(i / 3 / width, i / 3 % width, noise[i]) }
        return Image(width: width, height: height, channels: 3, uint8: values)
    }

    @Test(arguments: images.indices, ExtractorTests.instructionSets)
    func `a bit that differs from double precision is a near tie`(
        number: Int, instructionSet: InstructionSet
    ) throws {
        let (name, image) = Self.images[number]
        let tap = try #require(Self.tap)
        let variant = Self.network.defaultVariant
        let extractor = Extractor(network: Self.network, instructionSet: instructionSet)
        let noise = [
            tap: GradientTests.noise(tap, variant, height: Self.height, width: Self.width)
        ]
        let (values, tape) = try GradientTests.gradient(image, noise, extractor, variant)
        let reference = ReferenceGradients(
            image, network: Self.network, variant: variant, through: tap)
        var audit = Audit()
        for index in reference.outputs.indices {
            audit.add(reference.outputs[index], tape, index)
        }
        #expect(audit.worst <= 1e-5, "\(name): \(audit)")
        #expect(audit.share <= 1e-5, "\(name): \(audit)")
        // With the same decisions the gradients are the same; one flip of many thousands shows.
        let error = GradientTests.error(values, reference.gradient(noise).values)
        if audit.flips == 0 { #expect(error < 1e-5, "\(name): \(error)") }
    }

    /// A network, its variant, and how far it is walked.
    static let photographs: [(image: String, isEmbedded: Bool, padding: NetworkVariant.Padding)] = [
        ("crop-37x51-output", false, .replicateFirst), ("saturated", true, .zero),
        ("letterbox", true, .zero), ("crop-49x35-output", true, .zero), ("flat", true, .zero),
        ("crop-37x51-output", true, .reflect),
    ]

    /// `GoldenGradientTests` has gradients that differ from float64's by 7e-4 and 6e-3: this is why.
    @Test(arguments: photographs.indices)
    func `photographs have gradients off float64's by decisions at near ties alone`(
        number: Int
    ) throws {
        let (name, isEmbedded, padding) = Self.photographs[number]
        let network =
            isEmbedded
            ? try Fixtures.embedded.get() : TestNetworks.generated(.vgg19, seed: 4000)
        let image = try Fixtures.image(name)
        let tap = try #require(Tap("pool3"))
        let variant = NetworkVariant(network.architecture, padding: padding)
        let extractor = Extractor(network: network)
        let noise = [
            tap: GradientTests.noise(tap, variant, height: image.height, width: image.width)
        ]
        let (values, tape) = try GradientTests.gradient(image, noise, extractor, variant)
        let reference = ReferenceGradients(
            image, network: network, variant: variant, through: tap)
        var audit = Audit()
        for index in reference.outputs.indices {
            audit.add(reference.outputs[index], tape, index)
        }
        #expect(audit.worst <= 1e-4, "\(name): \(audit)")
        let linear = GradientTests.error(values, reference.gradient(noise, tape: tape).values)
        #expect(linear < 1e-5, "\(name): \(linear), \(audit)")
    }

    /// Bits that differ, and how far from their tie the worst of them is, in units of its layer's root
    /// mean square after the ReLU.
    private struct Audit: CustomStringConvertible {
        var bits = 0
        var flips = 0
        var worst = 0.0
        var share: Double { Double(flips) / Double(max(bits, 1)) }
        var description: String { "\(flips) of \(bits) differ, the worst by \(worst)" }

        mutating func add(_ output: ReferenceFeatures, _ tape: Tape, _ index: Int) {
            let relu = ReferenceLayers.relu(output)
            let squares = relu.values.reduce(0) { $0 + $1 * $1 }
            let rms = (squares / Double(relu.values.count)).squareRoot()
            for c in 0..<output.channels {
                for y in 0..<output.height {
                    for x in 0..<output.width {
                        addAlive(output[c, y, x] / rms, tape, (index, c, y, x))
                        if y % 2 == 0 && x % 2 == 0 { addWindow(relu, rms, tape, (index, c, y, x)) }
                    }
                }
            }
        }

        private mutating func addAlive(
            _ value: Double, _ tape: Tape, _ at: (index: Int, c: Int, y: Int, x: Int)
        ) {
            guard
                let isAlive = tape.isAlive(
                    convolution: at.index, channel: at.c, y: at.y, x: at.x)
            else { return }
            count(isAlive != (value > 0), abs(value))
        }

        private mutating func addWindow(
            _ relu: ReferenceFeatures, _ rms: Double, _ tape: Tape,
            _ at: (index: Int, c: Int, y: Int, x: Int)
        ) {
            guard at.y + 1 < relu.height && at.x + 1 < relu.width else { return }
            let window = [(0, 0), (0, 1), (1, 0), (1, 1)].map { (at.y + $0.0, at.x + $0.1) }
            let values = window.map { relu[at.c, $0.0, $0.1] / rms }
            let flags = window.map {
                tape.isMaximum(convolution: at.index, channel: at.c, y: $0.0, x: $0.1)
            }
            guard flags[0] != nil else { return }
            let most = values.max() ?? 0
            let first = most > 0 ? values.firstIndex(of: most) : nil
            let taken = flags.firstIndex(of: true)
            // None taken where the largest passes nothing: it counts as a zero.
            count(taken != first, most - (taken.map { values[$0] } ?? 0))
        }

        private mutating func count(_ differs: Bool, _ distance: Double) {
            bits += 1
            guard differs else { return }
            flips += 1
            worst = max(worst, distance)
        }
    }
}
