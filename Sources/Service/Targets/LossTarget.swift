import Inference

/// The targets of a request: sent with it, or registered before.
struct LossTarget: Sendable {
    let list: ImageList
    /// The layout and range in force, for the answer.
    let arrays: ArrayOptions
    private let registered: RegisteredTarget?

    /// The targets of a part of the body, nil when there are none.
    init?(
        _ role: String, _ submission: Submission, _ arrays: ArrayOptions, _ cache: TargetCache,
        _ configuration: Configuration
    ) throws(ServiceError) {
        let inline = try submission.images(role, arrays, configuration)
        guard let digest = submission.targetReferences[role] else {
            guard inline.count > 0 else { return nil }
            (list, self.arrays, registered) = (inline, arrays, nil)
            return
        }
        guard inline.count == 0 else {
            throw ServiceError(
                .badRequest, "There are both \(role) and \(role)_ref; send one of them.")
        }
        let registered = try cache.registered(digest, asked: arrays)
        self.registered = registered
        self.arrays = try arrays.joined(with: registered.source.options)
        list = ImageList([registered.source])
    }

    /// Looks every target up under its digest and as large as it is compared, and decodes those nothing
    /// is known of.
    func prepare(
        _ needs: TargetNeeds, _ variant: NetworkVariant, _ input: Preprocessing?,
        _ network: NetworkIdentity, _ resize: Resize?, _ cache: TargetCache, _ team: Team
    ) throws(ServiceError) -> (targets: [PreparedTarget], warnings: [Warning]) {
        let digests = try list.sources.map { source throws(ServiceError) -> TargetDigest in
            if let registered { return registered.digest }
            return try TargetDigest(of: source.payload) { team.isCancelled }
        }
        let keys = list.references.map { reference in
            StatisticsKey(
                digests[reference.source], list.sources[reference.source], sample: reference.sample,
                variant, input, network, resize)
        }
        let found = keys.map { cache.statistics($0, for: needs) }
        // Sources are decoded whole, and only when one of their samples is needed.
        let needed = Set(
            list.references.indices.filter { found[$0] == nil }.map { list.references[$0].source })
        let order = needed.sorted()
        let decoded = try DecodedList(ImageList(order.map { list.sources[$0] }), team)
        var images = zip(decoded.images, decoded.notes).makeIterator()
        var targets: [PreparedTarget] = []
        for (index, reference) in list.references.enumerated() {
            let image = needed.contains(reference.source) ? images.next() : nil
            if let kept = found[index] {
                targets.append(
                    PreparedTarget(
                        target: .statistics(kept.statistics), notes: kept.notes,
                        key: keys[index], isCached: kept.statistics.covers(needs)))
            } else if let (image, notes) = image {
                targets.append(
                    PreparedTarget(
                        target: .image(image), notes: notes, key: keys[index],
                        isCached: false))
            }
        }
        // Those that were sent are fit to be named from now on, as a PUT would have taken them.
        if registered == nil {
            for (digest, source) in zip(digests, list.sources)
            where source.options.outOfRange == .refuse {
                cache.remember(digest, source)
            }
        }
        // A target is warned of whether it was decoded for this request or for an earlier one.
        return (targets, list.warnings + targets.map(\.notes).warnings("target"))
    }
}

/// A target ready to be compared with.
struct PreparedTarget: Sendable {
    let target: Target
    let notes: DecodingNotes
    let key: StatisticsKey
    let isCached: Bool
}
