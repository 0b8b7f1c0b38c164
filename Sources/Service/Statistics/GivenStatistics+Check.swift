import Inference

extension GivenStatistics {
    /// Holds statistics to what the terms compare that they serve: what the same image would give them.
    /// - Throws: `weights_mismatch` for those of another network, `statistics_mismatch` for another way to
    ///   run it, another statistic or another size.
    func check(
        _ loss: Loss, _ network: Network, as role: LossTargets.Role, _ needs: TargetNeeds,
        hasMask: Bool
    ) throws(ServiceError) {
        let name = role.rawValue
        guard origin.sha256 == network.sha256 else {
            throw ServiceError(
                .weightsMismatch,
                "The statistics of \(name) are of the network \(Excerpt.quoted(origin.model)) with "
                    + "other weights than \(network.name), which runs here; make them with it, or "
                    + "name theirs with the option model.")
        }
        let expected = StatisticsOrigin(
            network, loss.network.variant(network.architecture),
            loss.input ?? network.preprocessing, origin.statistic, sizes: origin.sizes)
        guard origin.network.isSpelled(as: expected.network),
            origin.input.isSpelled(as: expected.input)
        else {
            throw Self.mismatch(
                "of the network \(origin.network.spelling) fed with \(origin.input.spelling)",
                name,
                "the loss \(loss.name) runs \(expected.network.spelling) fed with "
                    + expected.input.spelling)
        }
        // Those that serve no such term are missed by the others, which say so.
        for term in loss.terms where !needs.summaries.isEmpty && (hasMask || !term.needsMask) {
            guard let measure = term.features, !measure.layers.isEmpty,
                !measure.statistic.isPairwise, !measure.statistic.isSpelled(as: origin.statistic)
            else { continue }
            throw Self.mismatch(
                origin.statistic.spelling, name,
                "the term \(term.key) compares \(measure.statistic.spelling)")
        }
        guard loss.levels == 1 else {
            throw Self.mismatch(
                "of one size", name, "the option pyramid asks for \(loss.levels) sizes")
        }
        for size in origin.sizes {
            let wanted = loss.size(of: size)
            guard wanted == size else {
                throw Self.mismatch(
                    "of an image of \(size)", name, "the loss would bring it to \(wanted)")
            }
        }
    }

    private static func mismatch(_ found: String, _ role: String, _ wanted: String) -> ServiceError
    {
        ServiceError(
            .statisticsMismatch,
            "The statistics of \(role) are \(found), and \(wanted); make them with POST /v1/gram and "
                + "the same preset or loss.")
    }
}
