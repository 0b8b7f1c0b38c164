extension JSONReader {
    /// RFC 8259 §6: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, finite as a double.
    ///
    /// What is written as an integer and fits `Int` is one; −0 is a double.
    mutating func number() throws(JSONSyntaxError) -> JSON {
        _ = peek()
        let start = position
        let isNegative = takeHere("-")
        guard let first = next, isDigit(first) else { throw error("unexpected character") }
        if !takeHere("0") { try digits() }
        var isInteger = !(isNegative && first == UInt8(ascii: "0"))
        if takeHere(".") {
            try digits()
            isInteger = false
        }
        if takeHere("e") || takeHere("E") {
            if !takeHere("+") { _ = takeHere("-") }
            try digits()
            isInteger = false
        }
        guard position - start <= JSON.numberBytesMax else {
            throw error("a number longer than \(JSON.numberBytesMax) characters")
        }
        let digits = String(decoding: text[start..<position], as: UTF8.self)
        if isInteger, let integer = Int(digits) { return .integer(integer) }
        guard let double = Double(digits), double.isFinite else {
            throw error("a number no double can hold")
        }
        return .number(double)
    }

    private mutating func digits() throws(JSONSyntaxError) {
        guard let first = next, isDigit(first) else { throw error("expected a digit") }
        while let byte = next, isDigit(byte) {
            position += 1
            look()
        }
    }

    /// Takes the byte if it is the very next one.
    private mutating func takeHere(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
