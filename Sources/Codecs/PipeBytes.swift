/// The bytes of what cannot be mapped: standard input, a named pipe, a process's output.
public enum PipeBytes {
    /// Reads a path, or standard input for `-`, to its end.
    ///
    /// - Throws: `tooLarge` beyond `countMax` bytes.
    public static func read(_ path: String, countMax: Int) throws(MappedFileError) -> [UInt8] {
        let stream = try ByteStream(path: path)
        var bytes: [UInt8] = []
        while true {
            let chunk = try stream.next()
            guard !chunk.isEmpty else { break }
            bytes += chunk
            guard bytes.count <= countMax else { throw .tooLarge(bytesMax: countMax) }
        }
        guard !bytes.isEmpty else { throw .empty }
        return bytes
    }
}
