import HTTP
import Synchronization
import Testing

/// The address space of bodies: asked for before it is taken, and a refusal where there is none.
struct BodyMemoryTests {
    private static let mebibyte = 1 << 20

    /// What a reader makes of some pieces of a mebibyte each, where the system gives so many.
    private func read(
        _ framing: BodyFraming, pieces: Int, granted: Int
    ) throws -> (asked: [Int], failure: HTTPProtocolError?, bytes: Int) {
        let asked = Mutex<[Int]>([])
        let reader = try BodyReader(framing, bytesMax: 1 << 30) { bytes in
            asked.withLock { $0.append(bytes) }
            return bytes <= granted << 20
        }
        var body = try #require(reader)
        let size = Array("100000\r\n".utf8)
        let data = [UInt8](repeating: 7, count: Self.mebibyte)
        let piece = framing == .chunked ? size + data + [13, 10] : data
        for _ in 0..<pieces {
            if case .failure(let error) = body.parse(piece.span).event {
                return (asked.withLock(\.self), error, body.bytesHeld)
            }
        }
        return (asked.withLock(\.self), nil, body.bytesHeld)
    }

    @Test(arguments: [BodyFraming.length(64 << 20), .chunked])
    func `asks before a body takes more`(framing: BodyFraming) throws {
        let (asked, failure, bytes) = try read(framing, pieces: 40, granted: 1000)
        #expect(failure == nil && bytes == 40 << 20)
        // Growth by a factor, not by a piece.
        #expect((1..<20).contains(asked.count), "\(asked)")
        #expect(asked.allSatisfy { $0 <= 64 << 20 })
    }

    @Test(arguments: [BodyFraming.length(64 << 20), .chunked])
    func `goes on with less than it would like to have`(framing: BodyFraming) throws {
        let (asked, failure, bytes) = try read(framing, pieces: 10, granted: 12)
        #expect(failure == nil && bytes == 10 << 20)
        #expect(framing == .chunked || asked.contains { $0 > 12 << 20 })
    }

    @Test(arguments: [BodyFraming.length(64 << 20), .chunked])
    func `refuses a body that there is no memory for`(framing: BodyFraming) throws {
        let (_, failure, bytes) = try read(framing, pieces: 40, granted: 12)
        #expect(failure == .outOfMemory && bytes <= 12 << 20)
        #expect(failure?.status.code == 503)
    }
}
