import Codecs
import Foundation
import Inference
import TestSupport
import Testing

/// Resizing, against Pillow and PyTorch (Scripts/fixtures/resamples.py).
struct ResampleTests {
    private static let pool = WorkerPool(workers: 2)
    private static let bytes = Result {
        [UInt8](try Data(contentsOf: Fixtures.directory.appending(path: "resamples.safetensors")))
    }

    private static func tensor(_ name: String) throws -> [Float] {
        let bytes = try bytes.get()
        let file = try SafetensorsFile.parse(bytes.span)
        return try Elements.float32(try #require(file[name], "\(name)"), of: bytes.span)
    }

    private static func names(_ library: String) throws -> [String] {
        let bytes = try bytes.get()
        let file = try SafetensorsFile.parse(bytes.span)
        return file.tensors.map(\.name.string).filter { $0.hasPrefix("\(library).") }.sorted()
    }

    private static func image() throws -> Image {
        Image(
            width: 29, height: 23, channels: 3, float32: try tensor("image"), range: .zeroToOne)
    }

    private static func values(_ image: Image) -> [Float] {
        var row = [Float](repeating: 0, count: 3 * image.width)
        return (0..<image.height).flatMap { y in
            row.withUnsafeMutableBufferPointer { image.readRow(y, into: $0) }
            return row
        }
    }

    private static func resized(_ image: Image, _ resampling: Resampling?) throws -> Image {
        let resampling = try #require(resampling)
        return try pool.runAndWait { try resampling(image, team: $0) }
    }

    /// `pillow.bilinear.10x14`
    private static func resampling(
        _ filter: Substring, _ size: Substring, antialiases: Bool
    ) throws -> Resampling? {
        let sides = size.split(separator: "x").compactMap { Int($0) }
        let resize = Resize(
            .exact(ImageSize(height: sides[0], width: sides[1])),
            filter: try #require(ResampleFilter(rawValue: String(filter))),
            antialiases: antialiases, enlarges: true)
        return resize.resampling(of: try image().size)
    }

    private func check(
        _ library: String, count: Int, antialiases: Bool, within tolerance: Float,
        rounded: (Float) -> Float = { $0 }
    ) throws {
        let names = try Self.names(library)
        #expect(names.count == count)
        for name in names {
            let parts = name.split(separator: ".")
            let resampling = try Self.resampling(parts[1], parts[2], antialiases: antialiases)
            let image = try Self.resized(Self.image(), resampling)
            try check(Self.values(image).map(rounded), name, within: tolerance)
        }
    }

    private func check(_ values: [Float], _ name: String, within tolerance: Float) throws {
        let expected = try Self.tensor(name)
        try #require(values.count == expected.count)
        let worst = zip(values, expected).map { abs($0 - $1) }.max() ?? 1
        #expect(worst <= tolerance, "\(name): \(worst)")
    }

    @Test func `is Pillow's in single precision`() throws {
        try check("float", count: 12, antialiases: true, within: 1e-6)
    }

    /// Pillow rounds after each direction; ours, rounded once, is at most a step off.
    @Test func `is Pillow's within a step of 8 bits`() throws {
        try check("pillow", count: 12, antialiases: true, within: 1.001 / 255) {
            ($0 * 255).rounded() / 255
        }
    }

    @Test func `is interpolate's of PyTorch without antialiasing`() throws {
        try check("torch", count: 9, antialiases: false, within: 1e-6)
    }

    @Test func `a level of a pyramid is interpolate's with scale_factor 0.5`() throws {
        let image = try Self.image()
        let half = try Self.resized(image, Pyramid.step(from: image.size))
        #expect(half.size == Pyramid.half(of: image.size))
        try check(Self.values(half), "half", within: 1e-6)
    }

    /// What overshoots black or white under bicubic antialiasing has no gradient.
    @Test func `its gradient is that of autograd in float64`() throws {
        let names = try Self.names("gradient")
        #expect(names.count == 15)
        let image = try Self.image()
        for name in names {
            let parts = name.split(separator: ".")
            let resampling = try #require(
                try Self.resampling(parts[1], parts[3], antialiases: parts[2] == "antialiased"))
            let gradient = try ImageGradient(
                height: resampling.size.height, width: resampling.size.width,
                values: try Self.tensor("cotangent.\(parts[3])"))
            let back = try Self.pool.runAndWait {
                try resampling.gradient(by: image, from: gradient, team: $0)
            }
            #expect(ImageSize(height: back.height, width: back.width) == image.size)
            // Slopes add up to some 10.
            try check(back.values, name, within: 2e-6)
        }
    }

    /// ⟨R x, g⟩ = ⟨x, Rᵀ g⟩ for every filter, where nothing is clipped; more rows than one strip has.
    @Test(arguments: ResampleFilter.allCases, [false, true])
    func `its gradient is the transposed resampling`(
        filter: ResampleFilter, antialiases: Bool
    ) throws {
        // Away from black and white, so that no cubic overshoots.
        let samples = TestNetworks.noise(count: 3 * 77 * 17, seed: 5).map {
            0.4 + Float($0) / 1280
        }
        let image = Image(width: 17, height: 77, channels: 3, float32: samples, range: .zeroToOne)
        for size in [ImageSize(height: 5, width: 23), ImageSize(height: 101, width: 6)] {
            let resize = Resize(
                .exact(size), filter: filter, antialiases: antialiases, enlarges: true)
            let resampling = try #require(resize.resampling(of: image.size))
            let resized = try Self.resized(image, resampling)
            let slopes = TestNetworks.noise(count: 3 * size.height * size.width, seed: 6)
                .map { Float($0) / 128 - 1 }
            let gradient = try Self.pool.runAndWait {
                try resampling.gradient(
                    by: image,
                    from: ImageGradient(height: size.height, width: size.width, values: slopes),
                    team: $0)
            }
            let after = zip(Self.values(resized), slopes).reduce(0) { $0 + Double($1.0 * $1.1) }
            let before = zip(samples, gradient.values).reduce(0) { $0 + Double($1.0 * $1.1) }
            #expect(abs(before - after) < 1e-4 * max(1, abs(after)), "\(filter) \(size)")
        }
    }

    /// Of one pixel, of parts of a strip of rows, of several strips.
    @Test func `a flat image stays flat, whatever the size`() throws {
        let image = Image(
            width: 40, height: 70, channels: 1,
            uint8: [UInt8](repeating: 51, count: 40 * 70))
        for filter in ResampleFilter.allCases {
            for (height, width) in [(1, 1), (33, 7), (129, 64)] {
                for antialiases in [false, true] {
                    let size = ImageSize(height: height, width: width)
                    let resize = Resize(
                        .exact(size), filter: filter, antialiases: antialiases, enlarges: true)
                    let flat = try Self.resized(image, resize.resampling(of: image.size))
                    let worst = Self.values(flat).map { abs($0 - 0.2) }.max() ?? 1
                    #expect(worst < 1e-7, "\(filter) \(size) \(antialiases)")
                }
            }
        }
    }

    @Test func `enlarges only when asked to`() {
        let image = ImageSize(height: 40, width: 60)
        #expect(Resize(.shortSide(20)).size(of: image) == ImageSize(height: 20, width: 30))
        #expect(Resize(.maxSide(45)).size(of: image) == ImageSize(height: 30, width: 45))
        for size in [
            Resize.Size.shortSide(80), .maxSide(90), .exact(ImageSize(height: 80, width: 30)),
        ] {
            #expect(Resize(size).size(of: image) == image)
            #expect(Resize(size).resampling(of: image) == nil)
            #expect(Resize(size, enlarges: true).size(of: image) != image)
        }
        #expect(Resize(.exact(image)).resampling(of: image) == nil)
    }

    /// As torchvision's Resize(size) has it: int(size · long / short).
    @Test(arguments: [(359, 500, 256, 356), (500, 359, 356, 256), (257, 4001, 256, 3985)])
    func `rounds the other side down`(height: Int, width: Int, newHeight: Int, newWidth: Int) {
        let resize = Resize(.shortSide(256))
        #expect(
            resize.size(of: ImageSize(height: height, width: width))
                == ImageSize(height: newHeight, width: newWidth))
    }
}
