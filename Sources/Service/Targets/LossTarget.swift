import Inference

/// The targets of a request: sent with it, or registered before.
struct LossTarget: Sendable {
    let list: ImageList
    private let registered: RegisteredTarget?

    init(
        _ submission: Submission, _ arrays: ArrayOptions, _ cache: TargetCache,
        _ configuration: Configuration
    ) throws(ServiceError) {
        let inline = try submission.images("target", arrays, configuration)
        guard let digest = submission.targetReference else {
            guard inline.count > 0 else {
                throw ServiceError(.missingInput, "There is no target; send one, or target_ref.")
            }
            (list, registered) = (inline, nil)
            return
        }
        guard inline.count == 0 else {
            throw ServiceError(
                .badRequest, "There are both target and target_ref; send one of them.")
        }
        let registered = try cache.registered(digest)
        self.registered = registered
        list = ImageList([registered.source])
    }

    /// Looks every target up under its digest, and decodes those nothing is known of.
    func prepare(
        _ options: LossOptions, _ arrays: ArrayOptions, _ cache: TargetCache, _ team: Team
    ) throws(ServiceError) -> (targets: [PreparedTarget], warnings: [Warning]) {
        let digests = list.sources.map { registered?.digest ?? TargetDigest(of: $0.payload) }
        let keys = list.references.map { reference in
            StatisticsKey(
                digests[reference.source], list.sources[reference.source], sample: reference.sample,
                arrays: registered?.options ?? arrays, options)
        }
        let found = keys.map(cache.statistics)
        // Sources are decoded whole, and only when one of their samples is needed.
        let needed = Set(
            list.references.indices.filter { found[$0] == nil }.map { list.references[$0].source })
        let order = needed.sorted()
        let decoded = try DecodedList(ImageList(order.map { list.sources[$0] }), team)
        var images = decoded.images[...]
        var targets: [PreparedTarget] = []
        for (index, reference) in list.references.enumerated() {
            let image = needed.contains(reference.source) ? images.popFirst() : nil
            if let statistics = found[index] {
                targets.append(
                    PreparedTarget(
                        target: .statistics(statistics), key: keys[index], isCached: true))
            } else if let image {
                targets.append(
                    PreparedTarget(target: .image(image), key: keys[index], isCached: false))
            }
        }
        return (targets, decoded.warnings)
    }
}

/// A target ready to be compared with.
struct PreparedTarget: Sendable {
    let target: Target
    let key: StatisticsKey
    let isCached: Bool
}
