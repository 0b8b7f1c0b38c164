// Requests in bytes, whole and cut at every byte. Compiled with HTTPTests/Transcript.swift.

func test(_ bytes: [UInt8]) {
    let whole = Transcript.of(bytes)
    precondition(Transcript.of(bytes, cuts: Array(1..<max(1, bytes.count))) == whole)
    for cut in stride(from: 1, to: bytes.count, by: max(1, bytes.count / 64)) {
        precondition(Transcript.of(bytes, cuts: [cut]) == whole)
    }
}
