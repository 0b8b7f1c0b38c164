import Glibc

/// How samples between samples are found.
public enum ResampleFilter: String, Sendable, CaseIterable {
    /// The mean of what a pixel covers.
    case area
    /// A straight line between neighbours.
    case bilinear
    /// Keys' cubic of four neighbours (Keys, "Cubic convolution interpolation for digital image
    /// processing", 1981).
    case bicubic
    /// The windowed sinc of six neighbours (Duchon, "Lanczos filtering in one and two dimensions", 1979).
    case lanczos
}

extension ResampleFilter {
    /// How far the filter reaches on either side, in pixels.
    var support: Double {
        switch self {
        case .area: 0.5
        case .bilinear: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// Whether values may come out that are darker or brighter than all they are made of.
    var overshoots: Bool { self == .bicubic || self == .lanczos }

    /// The weight at a distance, as Pillow has it, before weights are made to add up to 1.
    func weight(_ x: Double) -> Double {
        switch self {
        case .area: x > -0.5 && x <= 0.5 ? 1 : 0
        case .bilinear: max(0, 1 - abs(x))
        case .bicubic: Self.keys(x, a: -0.5)
        case .lanczos: abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0
        }
    }

    static func keys(_ x: Double, a: Double) -> Double {
        switch abs(x) {
        case ..<1: ((a + 2) * abs(x) - (a + 3)) * x * x + 1
        case ..<2: (((abs(x) - 5) * abs(x) + 8) * abs(x) - 4) * a
        default: 0
        }
    }

    private func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(.pi * x) / (.pi * x) }
}
