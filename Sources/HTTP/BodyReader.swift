// A request's body out of bytes: pure, and restartable at any byte.

/// Reads one body from bytes that arrive in any pieces.
///
/// Bytes are kept as they arrive, so a declared length takes no memory by itself.
public struct BodyReader: Sendable {
    /// What the bytes amounted to.
    public enum Event: Sendable {
        /// The whole body, without its transfer coding.
        case body([UInt8])
        /// The bytes are refused, and whatever follows them: the framing is lost.
        case failure(HTTPProtocolError)
    }

    private let bytesMax: Int
    private let keepsBytes: Bool
    private let grants: @Sendable (_ bytes: Int) -> Bool
    private var body: [UInt8] = []
    /// Of a declared length.
    private var remaining = 0
    /// nil when the length was declared.
    private var chunks: ChunkedDecoder?

    /// A reader for the body that a head declares; nil when it declares none.
    ///
    /// With `keepsBytes` false bytes are only counted, and the `.body` event is empty. Throws
    /// `bodyTooLarge` for a declared length over `bytesMax`; for a chunked body over it there will be
    /// a `.failure`, as for one that `grants`, asked before the body takes more address space, denies;
    /// the system is asked when it is nil.
    public init?(
        _ framing: BodyFraming, bytesMax: Int, keepsBytes: Bool = true,
        grants: (@Sendable (_ bytes: Int) -> Bool)? = nil
    ) throws(HTTPProtocolError) {
        self.grants = grants ?? { AddressSpace.grants(bytes: $0) }
        self.bytesMax = bytesMax
        self.keepsBytes = keepsBytes
        switch framing {
        case .none: return nil
        case .length(let length):
            guard length <= bytesMax else { throw framing.tooLarge(limit: bytesMax) }
            remaining = length
        case .chunked:
            chunks = ChunkedDecoder(bytesMax: bytesMax, keepsBytes: keepsBytes)
        }
    }

    /// Bytes of the body that are here.
    public var bytesHeld: Int { body.count }

    /// Bytes that may still come: exactly so many with a declared length, else at most.
    public var bytesMissing: Int { chunks.map { bytesMax - $0.decodedBytes } ?? remaining }

    /// How many bytes are certainly of this body: a reader may ask for so many at once.
    public var bytesCertain: Int { chunks == nil ? remaining : 0 }

    /// Takes bytes up to the end of the body or to their own.
    ///
    /// Returns how many were taken, and the event; nil means that all were and more are needed.
    public mutating func parse(_ bytes: Span<UInt8>) -> (consumed: Int, event: Event?) {
        let count = chunks == nil ? min(remaining, bytes.count) : bytes.count
        guard !keepsBytes || makeRoom(for: count) else { return (0, .failure(.outOfMemory)) }
        guard chunks == nil else { return parseChunks(bytes) }
        if keepsBytes { body.append(bytes.extracting(..<count)) }
        remaining -= count
        return (count, remaining == 0 ? finish() : nil)
    }

    private mutating func parseChunks(_ bytes: Span<UInt8>) -> (consumed: Int, event: Event?) {
        var offset = 0
        do throws(HTTPProtocolError) {
            let isComplete = try chunks?.decode(bytes, from: &offset, into: &body) ?? true
            return (offset, isComplete ? finish() : nil)
        } catch {
            return (offset, .failure(error))
        }
    }

    private mutating func finish() -> Event {
        var whole: [UInt8] = []
        swap(&whole, &body)
        return .body(whole)
    }

    /// Grows eightfold, yet never past the declared length: what is reserved beyond the bytes that came
    /// is address space, whose pages take no memory until they are written. Of a length that nobody
    /// declared, and where the system is short of it, by half.
    private mutating func makeRoom(for count: Int) -> Bool {
        let needed = body.count + count
        guard needed > body.capacity else { return true }
        let some = needed + body.capacity / 2
        let most = chunks == nil ? min(body.count + remaining, 8 * body.capacity) : some
        for capacity in [max(needed, most), some, needed] {
            guard capacity < Self.askedBytes || grants(capacity) else { continue }
            body.reserveCapacity(capacity)
            return true
        }
        return false
    }

    /// What is less comes out of heaps that are there.
    private static let askedBytes = 1 << 20
}
