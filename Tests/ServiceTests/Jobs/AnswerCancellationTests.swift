import Codecs
import Inference
import Service
import Testing

/// What is written into answers, whose length a client chooses: the writing ends when nobody waits.
struct AnswerCancellationTests {
    private struct Writing: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let asksAtLeast: Int
        let run: @Sendable (_ check: () throws(ServiceError) -> Void) throws -> Void
    }

    private static let count = 1 << 18
    private static let singles = (0..<count).map { Float($0 % 100) }
    private static let doubles = singles.map(Double.init)

    private static let all: [Writing] = [
        Writing(testDescription: "a gradient in single precision", asksAtLeast: 4) { check in
            _ = try GradientArray(shape: [count], float32: singles, as: nil, checking: check)
        },
        Writing(testDescription: "a gradient in half precision", asksAtLeast: 8) { check in
            _ = try GradientArray(shape: [count], float32: singles, as: .float16, checking: check)
        },
        Writing(testDescription: "a gradient in double precision", asksAtLeast: 8) { check in
            _ = try GradientArray(shape: [count], float64: doubles, as: nil, checking: check)
        },
        Writing(testDescription: "a gradient that is rounded", asksAtLeast: 12) { check in
            _ = try GradientArray(shape: [count], float64: doubles, as: .float32, checking: check)
        },
        Writing(testDescription: "a gradient in JSON", asksAtLeast: 20) { check in
            let array = try GradientArray(
                shape: [count], float32: singles, as: nil, checking: check)
            _ = try array?.json(checking: check)
        },
        Writing(testDescription: "a heat map", asksAtLeast: 2 * 256) { check in
            let size = ImageSize(height: 256, width: 1024)
            _ = try HeatMap.png(LossMap(size: size, values: singles), checking: check)
        },
    ]

    private static func isLate(_ error: any Error) -> Bool {
        (error as? ServiceError)?.code == .deadlineExceeded
    }

    @Test(arguments: all)
    private func `is ended by whoever does not wait any more`(writing: Writing) throws {
        var count = 0
        try writing.run { count += 1 }
        #expect(count >= writing.asksAtLeast)
        for limit in [1, count / 2, count] {
            var asked = 0
            do {
                try writing.run { () throws(ServiceError) in
                    asked += 1
                    if asked >= limit { throw ServiceError(.deadlineExceeded, "late") }
                }
                Issue.record("it went on to its end")
            } catch {
                #expect(Self.isLate(error), "\(error)")
            }
            #expect(asked == limit)
        }
    }

    @Test func `gradients are those that they were`() throws {
        let array = try #require(
            try GradientArray(shape: [3], float32: [3, -4, 0], as: nil, checking: {}))
        #expect(array.norm == 5 && array.elements == .float32([3, -4, 0]))
        let half = try #require(
            try GradientArray(shape: [2], float64: [3, 4], as: .float16, checking: {}))
        #expect(half.norm == 5)
        #expect(
            try GradientArray(shape: [1], float64: [1e300], as: .float32, checking: {}) == nil)
        #expect(
            try GradientArray(shape: [1], float32: [.infinity], as: nil, checking: {}) == nil)
        #expect(try GradientArray(shape: [2], float64: [1, .nan], as: nil, checking: {}) == nil)
    }
}
