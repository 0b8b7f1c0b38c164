/// Losses of inpainting, super-resolution, translation and interpolation, and of metrics.
extension Presets {
    static let pconvPyTorch = Loss(
        name: "pconv-pytorch",
        summary: "Partial convolutions in PyTorch: as pconv, with pixels in the units of the "
            + "normalised images and total variation over the whole composite.",
        citation: "naoto0804/pytorch-inpainting-with-partial-conv 8d64e7e, loss.py:5-59",
        network: LossNetwork(.vgg16, .torchvision),
        terms: [
            Term(
                "pixel_valid", weight: 1,
                .pixels(PixelMeasure(.l1, region: .valid, unit: .input))),
            Term(
                "pixel_hole", weight: 6, .pixels(PixelMeasure(.l1, region: .hole, unit: .input))),
        ] + pconv.terms.filter { $0.features != nil } + [
            Term(
                "tv", weight: 0.1, subject: .composite,
                .variation(VariationMeasure(.neighbours(.l1), unit: .input)))
        ])

    static let edgeConnect = Loss(
        name: "edgeconnect",
        summary:
            "Inpainting with edges: L1 of F Fᵀ/(C·H·W) of what is in the hole, of features, and "
            + "of pixels, divided by the share of the hole; images in [0, 1] as they are.",
        citation: "Nazeri et al., EdgeConnect, arXiv:1901.00212; knazeri/edge-connect 3142579, "
            + "src/loss.py:46-106, src/models.py:222-235, config.yml.example:33-37",
        network: LossNetwork(.vgg19, .torchvision), input: unitRange,
        terms: [
            Term(
                "style_hole", weight: 250, subject: .hole,
                .features(
                    FeatureMeasure(
                        ["relu2_2", "relu3_4", "relu4_4", "relu5_2"].map { LayerWeight($0) },
                        .gram(Gram(.elements)), .l1))),
            Term(
                "perceptual", weight: 0.1,
                .features(FeatureMeasure(firsts.map { LayerWeight($0) }, .features, .l1))),
            Term("pixel", weight: 1, .pixels(PixelMeasure(.l1, divisor: .hole))),
        ])

    static let pix2pixHD = Loss(
        name: "pix2pixhd",
        summary: "Image translation: L1 of features, deep layers weighing most; images in [−1, 1] "
            + "without a mean.",
        citation: "Wang et al., arXiv:1711.11585; NVIDIA/pix2pixHD 14b3b3c, "
            + "models/networks.py:112-124",
        network: LossNetwork(.vgg19, .torchvision),
        input: Preprocessing(
            name: "custom", isBGR: false, scale: 2, mean: [1, 1, 1], std: [1, 1, 1]),
        terms: [Term("perceptual", weight: 10, .features(translation))])

    static let imaginaire = Loss(
        name: "imaginaire",
        summary: "Image translation: L1 of features as in pix2pixhd without its factor, images "
            + "normalised, one scale.",
        citation: "NVlabs/imaginaire c6f7484, imaginaire/losses/perceptual.py:32-155",
        network: LossNetwork(.vgg19, .torchvision),
        terms: [Term("perceptual", weight: 1, .features(translation))])

    private static let translation = FeatureMeasure(
        zip(firsts, [1.0 / 32, 1.0 / 16, 1.0 / 8, 1.0 / 4, 1]).map {
            LayerWeight($0, weight: $1)
        }, .features, .l1)

    static let srganLeftthomas = Loss(
        name: "srgan-leftthomas",
        summary: "Super-resolution: squared differences of pool5 and of pixels, and of neighbours; "
            + "images in [0, 1] as they are.",
        citation: "leftthomas/SRGAN 7ddfdf2, loss.py:9-46",
        network: LossNetwork(.vgg16, .torchvision), input: unitRange,
        terms: [
            Term(
                "perceptual", weight: 0.006,
                .features(FeatureMeasure([LayerWeight("pool5")], .features, .squared))),
            Term("pixel", weight: 1, .pixels(PixelMeasure(.squared))),
            Term("tv", weight: 4e-8, .variation(VariationMeasure(.neighbours(.squared)))),
        ])

    static let esrgan = Loss(
        name: "esrgan",
        summary: "Super-resolution: L1 of conv5_4, before the ReLU.",
        citation: "Wang et al., ESRGAN, arXiv:1809.00219; XPixelGroup/BasicSR 8d56e3a, "
            + "options/train/ESRGAN/train_ESRGAN_x4.yml:88-97",
        network: LossNetwork(.vgg19, .torchvision),
        terms: [
            Term(
                "perceptual", weight: 1,
                .features(FeatureMeasure([LayerWeight("conv5_4")], .features, .l1)))
        ])

    static let realESRGAN = Loss(
        name: "realesrgan",
        summary: "Super-resolution: L1 of features before the ReLU at five layers.",
        citation: "Wang et al., Real-ESRGAN, arXiv:2107.10833; xinntao/Real-ESRGAN a4abfb2, "
            + "options/finetune_realesrgan_x4plus.yml:138-152",
        network: LossNetwork(.vgg19, .torchvision),
        terms: [Term("perceptual", weight: 1, .features(restoration(.features)))])

    static let gfpgan = Loss(
        name: "gfpgan",
        summary:
            "Restoration of faces: L1 of F Fᵀ/(C·H·W) and of features before the ReLU, with the "
            + "weights of layers for both.",
        citation: "Wang et al., GFP-GAN, arXiv:2101.04061; TencentARC/GFPGAN 7552a77, "
            + "options/train_gfpgan_v1.yml:154-168",
        network: LossNetwork(.vgg19, .torchvision),
        terms: [
            Term("style", weight: 50, .features(restoration(.gram(Gram(.elements))))),
            Term("perceptual", weight: 1, .features(restoration(.features))),
        ])

    private static func restoration(_ statistic: Statistic) -> FeatureMeasure {
        FeatureMeasure(
            [
                LayerWeight("conv1_2", weight: 0.1), LayerWeight("conv2_2", weight: 0.1),
                LayerWeight("conv3_4"), LayerWeight("conv4_4"), LayerWeight("conv5_4"),
            ], statistic, .l1)
    }

    static let film = Loss(
        name: "film",
        summary:
            "Frame interpolation: squared differences of F Fᵀ/(H·W) and L1 of features, both of "
            + "features/255, and L1 of pixels, with mean pools that round up.",
        citation:
            "Reda et al., FILM, arXiv:2202.04901; google-research/frame-interpolation 69f8708, "
            + "losses/vgg19_loss.py:49-362, training/config/film_net-Style.gin:51-60",
        network: LossNetwork(.vgg19, .caffe, pooling: .average(scale: 1), rounding: .same),
        terms: [
            Term(
                "style", weight: 40,
                .features(
                    FeatureMeasure(
                        interpolation, .gram(Gram(.positions, scale: 1.0 / 255)), .squared))),
            Term(
                "perceptual", weight: 0.25,
                .features(
                    FeatureMeasure(interpolation, .features(scale: 1.0 / 255, unit: nil), .l1))),
            Term("pixel", weight: 1, .pixels(PixelMeasure(.l1))),
        ])

    private static let interpolation = [
        LayerWeight("relu1_2", weight: 1 / 2.6), LayerWeight("relu2_2", weight: 1 / 4.8),
        LayerWeight("relu3_2", weight: 1 / 3.7), LayerWeight("relu4_2", weight: 1 / 5.6),
        LayerWeight("relu5_2", weight: 10 / 1.5),
    ]

    static let enhanceNet = Loss(
        name: "enhancenet",
        summary: "Super-resolution by textures: squared differences of F Fᵀ/(256·C) of patches of "
            + "16×16, summed over one side of the matrix, at relu3_1 (two more layers are computed "
            + "and count nothing), and of features, summed over channels.",
        citation: "Sajjadi, Schölkopf & Hirsch, EnhanceNet, arXiv:1612.07919; "
            + "geonm/EnhanceNet-Tensorflow 3a16ec9, losses.py",
        network: LossNetwork(.vgg19, .caffe),
        input: Preprocessing(
            name: "custom", isBGR: true, scale: 255, mean: [103.939, 116.779, 123.68],
            std: [255, 255, 255]),
        terms: [
            Term(
                "style", weight: 10,
                .features(
                    FeatureMeasure(
                        [
                            LayerWeight("relu1_1", weight: 0), LayerWeight("relu2_1", weight: 0),
                            LayerWeight("relu3_1"),
                        ], .gram(Gram(.elements, patch: 16)), .squared,
                        Reduction(.sumOfChannels)))),
            Term(
                "perceptual", weight: 2e-2,
                .features(
                    FeatureMeasure(
                        [LayerWeight("relu5_4")], .features, .squared, Reduction(.sumOfChannels)))),
        ])

    static let piqContent = Loss(
        name: "piq-content",
        summary: "The metric ContentLoss of piq: squared differences of features, summed over "
            + "channels.",
        citation: "photosynthesis-team/piq 9948a52, piq/perceptual.py:70-229",
        network: LossNetwork(.vgg16, .torchvision),
        terms: [
            Term(
                "perceptual", weight: 1,
                .features(
                    FeatureMeasure(
                        [LayerWeight("relu3_3")], .features, .squared, Reduction(.sumOfChannels))))
        ])

    static let piqStyle = Loss(
        name: "piq-style",
        summary: "The metric StyleLoss of piq: squared differences of F Fᵀ.",
        citation: "photosynthesis-team/piq 9948a52, piq/perceptual.py:250-324",
        network: LossNetwork(.vgg16, .torchvision),
        terms: [
            Term(
                "style", weight: 1,
                .features(FeatureMeasure([LayerWeight("relu3_3")], .gram(Gram(.none)), .squared)))
        ])

    // [0, 1] as it is.
    private static let unitRange = Preprocessing(
        name: "custom", isBGR: false, scale: 1, mean: [0, 0, 0], std: [1, 1, 1])
}
