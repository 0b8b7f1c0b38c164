import HTTPTypes

/// Names of requests.
enum RequestID {
    /// The client's own when it is 1 to 128 visible ASCII characters, else a new one of 128 random
    /// bits.
    static func of(_ fields: HTTPFields) -> String {
        if let given = fields[.xRequestID], (1...128).contains(given.utf8.count),
            given.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        {
            return given
        }
        let halves = (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return halves.joined()
    }
}
