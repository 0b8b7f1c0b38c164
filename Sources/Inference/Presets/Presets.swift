/// The losses that the literature knows by name. Where a paper and its code differ the code is meant, and
/// of a code that reports less than it minimises the total is what it reports and the gradient what it
/// minimises.
public enum Presets {
    /// Every preset; the first is the default.
    public static let all = [
        pconv, pconvPyTorch, gatys, neuralStyle, neuralStylePT, johnson, johnsonMean,
        pytorchExamples, pytorchTutorial, kerasIO, tensorflow, fastStyleTransfer, adain, crowson,
        pix2pixHD, imaginaire, srganLeftthomas, esrgan, realESRGAN, gfpgan, edgeConnect, film,
        enhanceNet, piqContent, piqStyle, lpips, lpipsTorchmetrics, lpipsUnlinear, dists,
        dists256,
    ]

    /// The preset of that name, or nil.
    public static func named(_ name: String) -> Loss? {
        all.first { $0.name == name }
    }

    static let pconv = Loss(
        name: "pconv",
        summary:
            "The loss of inpainting with partial convolutions as PConv-Keras computes it: L1 of "
            + "features and of F Fᵀ/(C·H·W) at pool1, pool2 and pool3, and with a mask the pixel, "
            + "composite and total variation terms.",
        citation:
            "Liu et al., Image Inpainting for Irregular Holes Using Partial Convolutions, ECCV "
            + "2018, eq. 7; MathiasGruber/PConv-Keras 7c8f2cb, libs/pconv_model.py:191-242",
        inputScale: Preprocessing.torchvision.inputScale,
        terms: [
            Term("pixel_valid", weight: 1, .pixels(PixelMeasure(.l1, region: .valid))),
            Term("pixel_hole", weight: 6, .pixels(PixelMeasure(.l1, region: .hole))),
            Term("perceptual", weight: 0.05, .features(pools(.features))),
            Term(
                "perceptual_comp", weight: 0.05, subject: .composite, .features(pools(.features))),
            Term("style", weight: 120, .features(pools(.gram(Gram(.elements))))),
            Term(
                "style_comp", weight: 120, subject: .composite,
                .features(pools(.gram(Gram(.elements))))),
            Term(
                "tv", weight: 0.1, subject: .composite,
                .variation(VariationMeasure(.neighbours(.l1), isInHole: true))),
        ])

    private static func pools(_ statistic: Statistic) -> FeatureMeasure {
        FeatureMeasure((1...3).map { LayerWeight("pool\($0)") }, statistic, .l1)
    }
}
