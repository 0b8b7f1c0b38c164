import Codecs
import Glibc
import Inference

/// Maps as pictures: 0 is black, the largest value of the map white, in between the colours of cubehelix,
/// whose brightness grows evenly (Green, "A colour scheme for the display of astronomical intensity
/// images", 2011; start 0.5, rotations −1.5, hue 1, gamma 1).
package enum HeatMap {
    /// The map as an RGB PNG of 8 bits.
    /// - Parameter check: called before each row; what it throws ends the work.
    /// - Throws: `insufficient_memory`.
    package static func png(
        _ map: LossMap, checking check: () throws(ServiceError) -> Void
    ) throws(ServiceError) -> [UInt8] {
        let most = map.values.max() ?? 0
        let (height, width) = (map.size.height, map.size.width)
        var samples: [UInt8] = []
        samples.reserveCapacity(3 * map.values.count)
        for y in 0..<height {
            try check()
            for value in map.values[y * width..<(y + 1) * width] {
                let share = most > 0 && value > 0 ? min(1, value / most) : 0
                samples += colours[Int((share * 255).rounded())]
            }
        }
        let file = try PNG.encode(width: width, height: height, rgb: samples, checking: check)
        guard let file else { throw .insufficientMemory }
        return file
    }

    /// R, G and B of 256 steps from 0 to 1.
    static let colours: [[UInt8]] = (0...255).map { step in
        let share = Double(step) / 255
        let angle = 2 * Double.pi * (0.5 / 3 + 1 - 1.5 * share)
        let amplitude = share * (1 - share) / 2
        let (c, s) = (cos(angle), sin(angle))
        return [
            share + amplitude * (-0.14861 * c + 1.78277 * s),
            share + amplitude * (-0.29227 * c - 0.90649 * s),
            share + amplitude * (1.97294 * c),
        ].map { UInt8((min(max($0, 0), 1) * 255).rounded()) }
    }
}
