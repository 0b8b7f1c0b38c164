import Inference

/// The sizes that pairs are compared in, where a loss brings them to one or has a pyramid.
extension LossJob {
    /// The images at each level.
    func levels(
        of sent: DecodedPairs, _ run: inout JobRun
    ) throws(ServiceError) -> [DecodedPairs] {
        guard loss.changesSizes else { return [sent] }
        return try run.measure(.resize) { team throws(ServiceError) in
            do throws(InferenceError) {
                var levels = [
                    try sent.mapped(team, { loss.resize?.resampling(of: $0) }) {
                        target throws(InferenceError) in
                        // What is known of a target is of its size after it.
                        guard case .image(let image) = target.target,
                            let resampling = loss.resize?.resampling(of: image.size)
                        else { return target }
                        return target.with(.image(try resampling(image, team: team)))
                    }
                ]
                for level in 1..<loss.levels {
                    levels.append(try half(of: levels[level - 1], level, team))
                }
                return levels
            } catch {
                throw ServiceError(error)
            }
        }
    }

    private func half(
        of last: DecodedPairs, _ level: Int, _ team: Team
    ) throws(InferenceError) -> DecodedPairs {
        let needs = target.parts.flatMap { part in
            Array(repeating: part.needs, count: part.target.count)
        }
        var index = 0
        var half = try last.mapped(team, { Pyramid.step(from: $0) }) {
            target throws(InferenceError) in
            defer { index += 1 }
            // What has no image is of one size, and was refused.
            guard var key = target.key, let image = target.target.image else { return target }
            key.level = level
            if let kept = targets.statistics(key, for: needs[index]) {
                return PreparedTarget(
                    target: .statistics(kept.statistics), notes: target.notes,
                    digest: target.digest, key: key,
                    isCached: kept.statistics.covers(needs[index]))
            }
            return PreparedTarget(
                target: .image(try Pyramid.step(from: image.size)(image, team: team)),
                notes: target.notes, digest: target.digest, key: key, isCached: false)
        }
        half.keeping = keeping(half.targets, level: level)
        return half
    }

    /// The gradients by the images that were sent, by part and by pair, from those by the images at each
    /// level: from the smallest on, each is taken back to the next larger and added there.
    func slopes(
        _ gradients: [[[ImageGradient]]], _ levels: [DecodedPairs], _ sent: DecodedPairs,
        _ run: inout JobRun
    ) throws(ServiceError) -> [[ImageGradient]] {
        guard loss.changesSizes else { return gradients[0] }
        return try run.measure(.resize) { team throws(ServiceError) in
            do throws(InferenceError) {
                var slopes = gradients[levels.count - 1]
                for level in (0..<levels.count - 1).reversed() {
                    slopes = try back(slopes, to: levels[level].pairs, team) {
                        Pyramid.step(from: $0)
                    }
                    for (part, own) in gradients[level].enumerated() {
                        for (pair, slope) in own.enumerated() {
                            slopes[part][pair] = try slopes[part][pair] + slope
                        }
                    }
                }
                return try back(slopes, to: sent.pairs, team) { loss.resize?.resampling(of: $0) }
            } catch {
                throw ServiceError(error)
            }
        }
    }

    private func back(
        _ slopes: [[ImageGradient]], to pairs: [Pair], _ team: Team,
        _ resampling: (ImageSize) -> Resampling?
    ) throws(InferenceError) -> [[ImageGradient]] {
        var result = slopes
        for part in slopes.indices {
            for (pair, output) in pairs.map(\.output).enumerated() {
                guard let resampling = resampling(output.size) else { continue }
                result[part][pair] = try resampling.gradient(
                    by: output, from: slopes[part][pair], team: team)
            }
        }
        return result
    }

    /// - Throws: what an image that was sent at one of these sizes would be refused with.
    func checkSizes(_ limits: ImageLimits) throws(ServiceError) {
        guard loss.changesSizes else { return }
        for (role, list) in [("output", outputs), ("mask", masks)]
            + target.parts.map({ ($0.role.rawValue, $0.target.images) })
        {
            for source in list.sources {
                for level in 0..<loss.levels {
                    let size = loss.size(of: source.size, level: level)
                    try limits.check(
                        "\(role), brought to size,", height: size.height, width: size.width)
                }
            }
        }
    }

    /// Bytes of the images at all levels, of gradients by them, and of making both.
    var resizeBytes: Int {
        guard loss.changesSizes else { return 0 }
        let lists = [outputs, masks] + target.lists
        let copies = (gradient?.parts.count ?? 0) + 1
        var work = 0
        let kept = lists.bytes { list in
            (0..<list.count).bytes { index in
                loss.resamplings(of: list.size(of: index)).bytes { resampling in
                    work = max(work, resampling.workingBytes(workers: workers))
                    let size = resampling.size
                    return size.height.times(size.width).times(3 * MemoryLayout<Float>.stride)
                }
            }
        }
        return kept.times(copies).plus(work)
    }

    /// Pixels of maps of all outputs: as large as an output is sent or, where that is more, compared.
    var mapPixels: Int {
        (0..<outputs.count).bytes { index in
            let (sent, size) = (outputs.size(of: index), loss.size(of: outputs.size(of: index)))
            return max(sent.height.times(sent.width), size.height.times(size.width))
        }
    }
}

extension DecodedPairs {
    /// The same pairs at another size, with other targets.
    fileprivate func mapped(
        _ team: Team, _ resampling: (ImageSize) -> Resampling?,
        _ target: (PreparedTarget) throws(InferenceError) -> PreparedTarget
    ) throws(InferenceError) -> DecodedPairs {
        var mapped = self
        mapped.pairs = []
        for pair in pairs {
            // What is not equally large may become so.
            let mask = try pair.mask.map { mask throws(InferenceError) in
                try resampling(mask.size)?(mask, team: team) ?? mask
            }
            mapped.pairs.append(
                Pair(
                    output: try resampling(pair.output.size)?(pair.output, team: team)
                        ?? pair.output,
                    targets: pair.targets, mask: mask))
        }
        for (index, old) in targets.enumerated() { mapped.targets[index] = try target(old) }
        return mapped
    }
}

extension PreparedTarget {
    fileprivate func with(_ target: Target) -> PreparedTarget {
        PreparedTarget(
            target: target, notes: notes, digest: digest, key: key, isCached: isCached)
    }
}
