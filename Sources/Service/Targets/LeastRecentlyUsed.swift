/// Values by key under a limit on their bytes: the least recently used go first.
struct LeastRecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Node {
        let value: Value
        let bytes: Int
        var older: Key?
        var newer: Key?
    }

    let bytesMax: Int
    private(set) var bytes = 0
    private(set) var evictions = 0
    private var nodes: [Key: Node] = [:]
    private var oldest: Key?
    private var newest: Key?

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    var count: Int { nodes.count }

    /// The value, which becomes the most recently used.
    mutating func use(_ key: Key) -> Value? {
        guard let node = unlink(key) else { return nil }
        link(key, node)
        return node.value
    }

    /// The value, whose place in the order stays what it is.
    func peek(_ key: Key) -> Value? { nodes[key]?.value }

    /// Keeps a value, in place of the one that was there, and says what had to go for it. One larger
    /// than the limit is not kept.
    mutating func insert(
        _ key: Key, _ value: Value, bytes count: Int
    ) -> (isKept: Bool, evicted: [Key]) {
        var evicted = remove(key) == nil ? [] : [key]
        guard count <= bytesMax else { return (false, evicted) }
        while bytes + count > bytesMax, let oldest = removeOldest() { evicted.append(oldest) }
        bytes += count
        link(key, Node(value: value, bytes: count))
        return (true, evicted)
    }

    /// Drops the least recently used, and says which that was.
    mutating func removeOldest() -> Key? {
        guard let key = oldest else { return nil }
        _ = remove(key)
        evictions += 1
        return key
    }

    mutating func remove(_ key: Key) -> Value? {
        guard let node = unlink(key) else { return nil }
        bytes -= node.bytes
        return node.value
    }

    private mutating func link(_ key: Key, _ node: Node) {
        var node = node
        node.older = newest
        node.newer = nil
        if let newest { nodes[newest]?.newer = key } else { oldest = key }
        newest = key
        nodes[key] = node
    }

    private mutating func unlink(_ key: Key) -> Node? {
        guard let node = nodes.removeValue(forKey: key) else { return nil }
        if let older = node.older { nodes[older]?.newer = node.newer } else { oldest = node.newer }
        if let newer = node.newer { nodes[newer]?.older = node.older } else { newest = node.older }
        return node
    }
}
