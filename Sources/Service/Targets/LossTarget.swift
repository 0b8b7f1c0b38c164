import Inference

/// The targets of a request: sent with it, or registered before.
struct LossTarget: Sendable {
    /// What they were sent as.
    private enum Content: Sendable {
        case images(ImageList)
        case statistics([GivenStatistics])
    }

    /// The layout and range in force, for the answer.
    let arrays: ArrayOptions
    private let content: Content
    private let registered: RegisteredTarget?

    /// The targets of a part of the body, nil when there are none.
    init?(
        _ role: String, _ submission: Submission, _ arrays: ArrayOptions, _ cache: TargetCache,
        _ configuration: Configuration
    ) throws(ServiceError) {
        let parts = submission.parts(named: role)
        guard let digest = submission.targetReferences[role] else {
            guard !parts.isEmpty else { return nil }
            content = try Self.content(role, submission, arrays, configuration)
            (self.arrays, registered) = (arrays, nil)
            return
        }
        guard parts.isEmpty else {
            throw ServiceError(
                .badRequest, "There are both \(role) and \(role)_ref; send one of them.")
        }
        let registered = try cache.registered(digest, asked: arrays)
        self.registered = registered
        self.arrays = try arrays.joined(with: registered.options)
        switch registered.content {
        case .image(let source): content = .images(ImageList([source]))
        case .statistics(let given): content = .statistics([given])
        }
    }

    private static func content(
        _ role: String, _ submission: Submission, _ arrays: ArrayOptions,
        _ configuration: Configuration
    ) throws(ServiceError) -> Content {
        var given: [GivenStatistics] = []
        let parts = submission.parts(named: role)
        for case .statistics(let statistics) in parts { given.append(statistics) }
        guard !given.isEmpty, given.count == parts.count else {
            return .images(try submission.images(role, arrays, configuration))
        }
        let countMax = configuration[.maxPairsPerRequest]
        let count = given.reduce(0) { $0 + $1.samples.count }
        guard count <= countMax else {
            throw ServiceError(
                .batchTooLarge,
                "There are statistics of more than \(countMax) images of \(role); send them in "
                    + "several requests.",
                limit: countMax, actual: count, setting: .maxPairsPerRequest)
        }
        return .statistics(given)
    }

    /// How many there are.
    var count: Int { images.count + statistics.reduce(0) { $0 + $1.samples.count } }

    /// Those that were sent as images.
    var images: ImageList {
        if case .images(let list) = content { list } else { ImageList([]) }
    }

    /// Those that were sent as statistics.
    var statistics: [GivenStatistics] {
        if case .statistics(let given) = content { given } else { [] }
    }

    /// The shapes of all of them.
    /// - Parameter image: that of an image of a size.
    func shapes(_ image: (ImageSize) -> TargetShape) -> [TargetShape] {
        (0..<images.count).map { image(images.size(of: $0)) }
            + statistics.flatMap(\.samples).map { TargetShape(.statistics($0)) }
    }

    /// Looks every target up under its digest and as large as it is compared, and decodes those nothing
    /// is known of.
    func prepare(
        _ needs: TargetNeeds, _ variant: NetworkVariant, _ input: Preprocessing?,
        _ network: NetworkIdentity, _ resize: Resize?, _ cache: TargetCache, _ team: Team
    ) throws(ServiceError) -> (targets: [PreparedTarget], warnings: [Warning]) {
        switch content {
        case .images(let list):
            try prepare(list, needs, variant, input, network, resize, cache, team)
        case .statistics(let given): (try prepare(given, cache, team), [])
        }
    }

    private func prepare(
        _ given: [GivenStatistics], _ cache: TargetCache, _ team: Team
    ) throws(ServiceError) -> [PreparedTarget] {
        var targets: [PreparedTarget] = []
        for statistics in given {
            let digest: TargetDigest
            if let registered {
                digest = registered.digest
            } else {
                digest = try TargetDigest(of: statistics.payload) { team.isCancelled }
                cache.remember(digest, .statistics(statistics))
            }
            targets += statistics.samples.map {
                PreparedTarget(
                    target: .statistics($0), notes: DecodingNotes(), digest: digest, key: nil,
                    isCached: registered != nil)
            }
        }
        return targets
    }

    private func prepare(
        _ list: ImageList, _ needs: TargetNeeds, _ variant: NetworkVariant,
        _ input: Preprocessing?, _ network: NetworkIdentity, _ resize: Resize?,
        _ cache: TargetCache, _ team: Team
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
            let digest = digests[reference.source]
            if let kept = found[index] {
                targets.append(
                    PreparedTarget(
                        target: .statistics(kept.statistics), notes: kept.notes, digest: digest,
                        key: keys[index], isCached: kept.statistics.covers(needs)))
            } else if let (image, notes) = image {
                targets.append(
                    PreparedTarget(
                        target: .image(image), notes: notes, digest: digest, key: keys[index],
                        isCached: false))
            }
        }
        // Those that were sent are fit to be named from now on, as a PUT would have taken them.
        if registered == nil {
            for (digest, source) in zip(digests, list.sources)
            where source.options.outOfRange == .refuse {
                cache.remember(digest, .image(source))
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
    let digest: TargetDigest
    /// What is computed of it is kept under; nil where nothing is computed.
    let key: StatisticsKey?
    let isCached: Bool
}
