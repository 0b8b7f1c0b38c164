/// Metrics of similarity that papers report.
extension Presets {
    static let lpips = lpips(
        "lpips-vgg", "as its package computes it", eps: 1e-10, isInsideRoot: false,
        learned: .lpips,
        citation: "richzhang/PerceptualSimilarity 082bb24, lpips/lpips.py:14-154")

    static let lpipsTorchmetrics = lpips(
        "lpips-vgg-torchmetrics", "as torchmetrics computes it, with its ε inside the root",
        eps: 1e-8, isInsideRoot: true, learned: .lpips,
        citation:
            "Lightning-AI/torchmetrics dab0333, src/torchmetrics/functional/image/lpips.py:219-398")

    static let lpipsUnlinear = lpips(
        "lpips-vgg-unlinear", "without learned factors, the baseline of its paper", eps: 1e-10,
        isInsideRoot: false, learned: nil,
        citation: "richzhang/PerceptualSimilarity 082bb24, lpips/lpips.py:14-154")

    private static func lpips(
        _ name: String, _ what: String, eps: Double, isInsideRoot: Bool, learned: LearnedWeights?,
        citation: String
    ) -> Loss {
        let unit = ChannelUnit(eps: eps, isInsideRoot: isInsideRoot)
        return Loss(
            name: name,
            summary: "LPIPS 0.1 on VGG-16 \(what): squared differences of features at unit length, "
                + "summed over channels\(learned == nil ? "" : " with learned factors").",
            citation: "Zhang et al., The Unreasonable Effectiveness of Deep Features as a "
                + "Perceptual Metric, arXiv:1801.03924; \(citation)",
            network: LossNetwork(.vgg16, .torchvision),
            terms: [
                Term(
                    "perceptual", weight: 1,
                    .features(
                        FeatureMeasure(
                            lasts, .features(scale: 1, unit: unit), .squared,
                            Reduction(.sumOfChannels), learned: learned)))
            ])
    }

    static let dists = dists("dists", "", resize: nil)

    static let dists256 = dists(
        "dists-256", "; the shorter side is brought to 256 where it is longer, as its script does",
        resize: Resize(.shortSide(256)))

    private static func dists(_ name: String, _ what: String, resize: Resize?) -> Loss {
        Loss(
            name: name,
            summary:
                "DISTS: means, variances and covariances of channels of the image and of features, "
                + "with learned factors; L2 pools\(what).",
            citation:
                "Ding et al., Image Quality Assessment: Unifying Structure and Texture Similarity, "
                + "arXiv:2004.07728; dingkeyan93/DISTS 1267d8c, DISTS_pytorch/DISTS_pt.py:11-118",
            network: LossNetwork(.vgg16, .torchvision, pooling: .l2Hann, rounding: .ceil),
            resize: resize,
            terms: [
                Term(
                    "pixel", weight: 1,
                    .pixels(PixelMeasure(distsDistance, reduction: .sum, learned: .dists))),
                Term(
                    "perceptual", weight: 1,
                    .features(
                        FeatureMeasure(lasts, .jointMoments, distsDistance, .sum, learned: .dists))
                ),
            ])
    }

    private static let distsDistance = Distance.structural(c1: 1e-6, c2: 1e-6)

    private static let lasts = LearnedWeights.layers.map { LayerWeight($0) }
}
