extension Array {
    /// `map` that asks every `Elements.elementsBetweenLooks` elements whether to go on.
    /// - Throws: what `check` throws.
    @inlinable
    public func map<Value, Failure: Error>(
        checking check: () throws(Failure) -> Void, _ transform: (Element) -> Value
    ) throws(Failure) -> [Value] {
        var failure: Failure?
        let values = unsafe [Value](unsafeUninitializedCapacity: count) { values, initialized in
            while initialized < count {
                do throws(Failure) {
                    try check()
                } catch {
                    failure = error
                    return
                }
                let end = Swift.min(initialized + Elements.elementsBetweenLooks, count)
                for index in initialized..<end {
                    unsafe values.initializeElement(at: index, to: transform(self[index]))
                }
                initialized = end
            }
        }
        if let failure { throw failure }
        return values
    }

    /// Calls `body` with the indices of one part of the array after another, and asks before each whether
    /// to go on.
    /// - Throws: what `check` throws.
    @inlinable
    public func forEachBlock<Failure: Error>(
        checking check: () throws(Failure) -> Void, _ body: (Range<Int>) -> Void
    ) throws(Failure) {
        for first in stride(from: 0, to: count, by: Elements.elementsBetweenLooks) {
            try check()
            body(first..<Swift.min(first + Elements.elementsBetweenLooks, count))
        }
    }
}
