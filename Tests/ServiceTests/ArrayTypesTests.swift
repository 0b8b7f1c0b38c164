import Foundation
import Service
import TestSupport
import Testing

/// One image as arrays of other types and orders: the same losses to the last digit.
struct ArrayTypesTests {
    private static let bytes = Sample.bytes(1)

    private static func npy(_ descr: String, _ words: [[UInt8]], order: String = "False") -> [UInt8]
    {
        let header =
            "{'descr': '\(descr)', 'fortran_order': \(order), 'shape': (16, 20, 3), }\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]
            + Array(header.utf8) + words.flatMap { $0 }
    }

    /// The bytes with the first index the fastest.
    private static var fortran: [[UInt8]] {
        (0..<3).flatMap { c in
            (0..<20).flatMap { x in (0..<16).map { y in [bytes[(y * 20 + x) * 3 + c]] } }
        }
    }

    @Test func `reads integers of any width and order as the bytes they are`() throws {
        let service = try RunningService.shared.get()
        func results(_ output: [UInt8]) throws -> String? {
            let form = Form(("output", nil, output), ("target", nil, Sample.png(2)))
            let response = try service.post("/v1/losses?layout=hwc", form)
            #expect(response.status == 200, "\(response.text)")
            return response.results?.replacingOccurrences(of: "false", with: "true")
        }
        let expected = try results(Self.npy("|u1", Self.bytes.map { [$0] }))
        #expect(expected != nil)
        let others = [
            Self.npy("<i4", Self.bytes.map { [$0, 0, 0, 0] }),
            Self.npy("<i8", Self.bytes.map { [$0, 0, 0, 0, 0, 0, 0, 0] }),
            Self.npy("<u2", Self.bytes.map { [$0, 0] }),
            Self.npy(">u2", Self.bytes.map { [0, $0] }),
            Self.npy("|u1", Self.fortran, order: "True"),
            Self.npy(">i4", Self.fortran.map { [0, 0, 0] + $0 }, order: "True"),
        ]
        for (index, other) in others.enumerated() {
            #expect(try results(other) == expected, "array \(index)")
        }
    }
}
