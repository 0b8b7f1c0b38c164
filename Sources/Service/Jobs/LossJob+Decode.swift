import Inference

/// The images of a job at one size.
struct DecodedPairs: Sendable {
    var pairs: [Pair] = []
    var targets: [PreparedTarget] = []
    var warnings: [Warning] = []

    /// Targets that are computed for the first time and are worth it.
    var keeping: Set<Int> = []
}

extension LossJob {
    /// The images as they were sent; of targets that are known, what is known of them at the size that they
    /// are compared in.
    func decode(_ team: Team) throws(ServiceError) -> DecodedPairs {
        var decoded = DecodedPairs()
        let outputs = try DecodedList(self.outputs, team)
        let masks = try DecodedList(self.masks, team)
        try checkAlpha(masks)
        var targetWarnings: [Warning] = []
        for part in target.parts {
            let prepared = try part.target.prepare(
                part.needs, loss.network.variant(model.network.architecture), loss.input,
                model.network.identity, loss.resize, self.targets, team)
            targetWarnings += prepared.warnings
            decoded.targets += prepared.targets
        }
        decoded.keeping = keeping(decoded.targets, level: 0)
        decoded.warnings =
            outputs.warnings + targetWarnings + masks.warnings + masks.bitMaskWarnings
        for pair in 0..<outputs.images.count {
            var mask: Mask?
            if !masks.images.isEmpty {
                mask = Mask(masks.images[shared(self.masks, pair)], polarity: loss.maskPolarity)
                guard mask != nil else {
                    throw ServiceError(.invalidTensor, "A mask has 4 channels; it may have 1 or 3.")
                }
            }
            decoded.pairs.append(
                Pair(
                    output: outputs.images[pair], targets: target.choice(ofPair: pair), mask: mask))
        }
        return decoded
    }

    /// The targets, in the order of all of them, whose statistics at a level are worth keeping and are not
    /// all there.
    func keeping(_ targets: [PreparedTarget], level: Int) -> Set<Int> {
        var keeping: Set<Int> = []
        for part in target.parts {
            for index in 0..<part.target.images.count
            where !targets[part.start + index].isCached {
                let size = loss.size(of: part.target.images.size(of: index), level: level)
                if isWorthKeeping(size, part.needs) { keeping.insert(part.start + index) }
            }
        }
        return keeping
    }

    /// - Throws: when a mask has alpha, in whichever format: it may be what its sender means by a
    ///   mask, so it is not dropped as that of an image is.
    private func checkAlpha(_ masks: DecodedList) throws(ServiceError) {
        guard let index = masks.notes.firstIndex(where: \.dropsAlpha) else { return }
        switch self.masks.source(of: index).content {
        case .file:
            throw ServiceError(
                .invalidImage,
                "A mask has alpha or a transparent colour; send it as gray or RGB without.")
        case .array:
            throw ServiceError(.invalidTensor, "A mask has 4 channels; it may have 1 or 3.")
        }
    }
}
