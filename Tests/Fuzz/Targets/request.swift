// Requests in bytes, whole, in single bytes and cut in two at every place. Compiled with
// HTTPTests/Transcript.swift.

func test(_ bytes: [UInt8]) {
    let whole = Transcript.of(bytes)
    precondition(Transcript.of(bytes, cuts: Array(1..<max(1, bytes.count))) == whole)
    // In the short ones every place; long ones have what is long in their middle.
    for cut in 1..<max(1, bytes.count) where cut < 256 || bytes.count - cut < 256 {
        precondition(Transcript.of(bytes, cuts: [cut]) == whole)
    }
}
