import Foundation
import Service
import TestSupport
import Testing

/// `L(x₁) − L(x₀) = ∫ g(x₀ + t (x₁ − x₀)) · (x₁ − x₀) dt`, by midpoints: true of any loss that is smooth
/// in pieces, whatever a gradient is at kinks.
struct LineIntegralTests {
    private static let shape = [3, 24, 28]
    private static let count = shape.reduce(1, *)
    private static let steps = 64

    @Test(arguments: [
        "preset=pconv&layers=pool1,relu2_1", "preset=pconv&layers=relu1_2&gram=covariance",
        "preset=pconv&layers=pool2&gram=correlation",
    ])
    func `the gradients along a line add up to what the loss gains`(query: String) throws {
        let service = try RunningService.shared.get()
        let path = "/v1/losses?layout=nchw&range=0..1&\(query)"
        let start = Sample.floats(Self.count, 1).map { 0.1 + 0.8 * $0 }
        let step = Sample.floats(Self.count, 2).map { 0.2 * $0 - 0.1 }
        let target = SentTensor("target", [1] + Self.shape, seed: 3)
        func outputs(_ places: [Float]) -> [SentTensor] {
            let values = places.flatMap { t in zip(start, step).map { $0 + t * $1 } }
            return [SentTensor("output", [places.count] + Self.shape, values), target]
        }
        let ends = try service.gradients(path + "&gradient=output", outputs([0, 1]))
        let totals = try ends.values("total")
        var gained = 0.0
        for half in [0, Self.steps / 2] {
            let places = (0..<Self.steps / 2).map { (Float(half + $0) + 0.5) / Float(Self.steps) }
            let slopes = try service.gradients(path + "&gradient=output", outputs(places)).values()
            for (i, slope) in slopes.enumerated() { gained += slope * Double(step[i % Self.count]) }
        }
        let error = abs(gained / Double(Self.steps) - (totals[1] - totals[0])) / totals[0]
        #expect(error < 1e-4, "\(query): \(error), \(totals)")
    }
}
