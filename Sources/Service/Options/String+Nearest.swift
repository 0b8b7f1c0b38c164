import HTTP

extension String {
    /// The word that this one was probably meant to be: the nearest by insertions, deletions and
    /// replacements of letters (Levenshtein), whatever their case, when no more than a third differs.
    func nearest(of words: [String]) -> String? {
        let own = utf8.prefix(64).map(ASCII.lowercased)
        let candidates = words.map {
            ($0, Self.distance(own, $0.utf8.prefix(64).map(ASCII.lowercased)))
        }
        guard let best = candidates.min(by: { $0.1 < $1.1 }) else { return nil }
        return best.1 <= max(1, (max(own.count, best.0.utf8.count) + 1) / 3) ? best.0 : nil
    }

    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let replaced = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = Swift.min(replaced, row[j + 1] + 1, row[j] + 1)
            }
        }
        return row[b.count]
    }
}
