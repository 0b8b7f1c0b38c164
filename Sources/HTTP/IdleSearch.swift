// Who stands still, of many.

/// The connections that do not get on, looked for once for all the clients that want their places: a
/// flood of these would otherwise look through all of those for each.
struct IdleSearch {
    /// Whoever has stood still for longest is last.
    private var found: [ObjectIdentifier] = []
    private var looksAgainAt: ContinuousClock.Instant?

    /// The next that may give way; it may have got on since.
    mutating func next(
        at now: ContinuousClock.Instant, among connections: some Sequence<Connection>
    ) -> ObjectIdentifier? {
        if let id = found.popLast() { return id }
        if let looksAgainAt, now < looksAgainAt { return nil }
        var useless: [(since: ContinuousClock.Instant, id: ObjectIdentifier)] = []
        var count = 0
        for connection in connections {
            count += 1
            guard let since = connection.uselessSince(at: now) else { continue }
            useless.append((since, ObjectIdentifier(connection)))
        }
        // A look takes some 50 ns a connection: so it never takes more than a twentieth of the time.
        looksAgainAt = now + .microseconds(count)
        found = useless.sorted { $0.since > $1.since }.map(\.id)
        return found.popLast()
    }
}
