/// The one entry of EXIF that changes what a viewer shows (CIPA DC-008, tag 0x0112).
enum EXIFOrientation {
    private static let mark = Array("Exif".utf8) + [0, 0]
    private static let tag: UInt32 = 0x0112
    private static let short: UInt32 = 3

    /// The orientation that the data of an APP1 segment declares, 1 to 8; nil for none, or one that
    /// cannot be read.
    static func value(_ data: Span<UInt8>) -> Int? {
        guard data.count >= mark.count + 8, mark.indices.allSatisfy({ data[$0] == mark[$0] }) else {
            return nil
        }
        let tiff = data.extracting(mark.count..<data.count)
        let isLittleEndian = tiff[0] == UInt8(ascii: "I")
        // `count` bytes as a number; nil beyond the end.
        func number(_ index: Int, _ count: Int) -> UInt32? {
            guard index >= 0, index <= tiff.count - count else { return nil }
            return (0..<count).reduce(0) { value, offset in
                value << 8 | UInt32(tiff[index + (isLittleEndian ? count - 1 - offset : offset)])
            }
        }
        guard number(2, 2) == 42, let start = number(4, 4).map(Int.init),
            let count = number(start, 2)
        else { return nil }
        for entry in 0..<Int(count) {
            let index = start + 2 + 12 * entry
            guard let found = number(index, 2) else { return nil }
            guard found == tag, number(index + 2, 2) == short else { continue }
            return number(index + 8, 2).map(Int.init).flatMap { (1...8).contains($0) ? $0 : nil }
        }
        return nil
    }
}
