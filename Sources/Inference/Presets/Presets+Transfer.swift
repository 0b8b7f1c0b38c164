/// Losses of style transfer.
extension Presets {
    static let gatys = Loss(
        name: "gatys",
        summary: "Style transfer as its first author wrote it: squared differences of F Fᵀ/(H·W) "
            + "with weights 1e3/C², and of features.",
        citation: "Gatys, Ecker & Bethge, A Neural Algorithm of Artistic Style, arXiv:1508.06576; "
            + "leongatys/PytorchNeuralStyleTransfer be6c8e2, NeuralStyleTransfer.ipynb",
        network: LossNetwork(.vgg19, .caffe),
        terms: [
            Term(
                "style", weight: 1,
                .features(
                    FeatureMeasure(
                        zip(firsts, [64, 128, 256, 512, 512]).map {
                            LayerWeight($0, weight: 1e3 / ($1 * $1))
                        }, .gram(Gram(.positions)), .squared))),
            Term("perceptual", weight: 1, .features(content("relu4_2"))),
        ])

    static let neuralStyle = Loss(
        name: "neural-style",
        summary: "The reference of style transfer in Torch: squared differences of F Fᵀ/(C·H·W), "
            + "images times 256, pools rounded up; total variation of the network's input is in its "
            + "gradient and not in the loss it reports.",
        citation: "jcjohnson/neural-style 07c4b82, neural_style.lua:22-49,449-564",
        network: LossNetwork(.vgg19, .caffe, rounding: .ceil),
        input: Preprocessing(
            name: "custom", isBGR: true, scale: 256, mean: [103.939, 116.779, 123.68],
            std: [1, 1, 1]),
        terms: [
            Term("style", weight: 100, .features(style(firsts))),
            Term("perceptual", weight: 5, .features(content("relu4_2"))),
            unreportedVariation(weight: 1e-3),
        ])

    static let neuralStylePT = Loss(
        name: "neural-style-pt",
        summary: "neural-style in PyTorch: images times 255, pools rounded down, and the sum of "
            + "absolute differences of neighbours of the network's input.",
        citation: "ProGamerGov/neural-style-pt 7251405, neural_style.py:21-49,438-487",
        network: LossNetwork(.vgg19, .caffe),
        terms: [
            Term("style", weight: 100, .features(style(firsts))),
            Term("perceptual", weight: 5, .features(content("relu4_2"))),
            Term(
                "tv", weight: 1e-3,
                .variation(
                    VariationMeasure(.neighbours(.l1), reduction: .sum, unit: .input))),
        ])

    static let johnson = johnson(
        "johnson", "squared differences of F Fᵀ/(C·H·W)", .gram(Gram(.elements)))

    static let johnsonMean = johnson(
        "johnson-mean", "squared differences of the channels' means", .mean)

    private static func johnson(_ name: String, _ what: String, _ statistic: Statistic) -> Loss {
        Loss(
            name: name,
            summary: "Feed-forward style transfer in Torch: \(what), and of features; total "
                + "variation of the network's input is in its gradient and not in the loss it "
                + "reports.",
            citation:
                "Johnson, Alahi & Fei-Fei, Perceptual Losses for Real-Time Style Transfer and "
                + "Super-Resolution, arXiv:1603.08155; jcjohnson/fast-neural-style 813c834, "
                + "train.lua:24-45, fast_neural_style/TotalVariation.lua",
            network: LossNetwork(.vgg16, .caffe),
            terms: [
                Term("style", weight: 5, .features(style(johnsons, statistic))),
                Term("perceptual", weight: 1, .features(content("relu3_3"))),
                unreportedVariation(weight: 1e-6),
            ])
    }

    // Torch's TVLoss and TotalVariation have a backward pass alone: the slope of ½ Σ (dx² + dy²) of the
    // network's input, on the (H−1)(W−1) grid.
    private static func unreportedVariation(weight: Double) -> Term {
        Term(
            "tv", weight: 0, gradientWeight: weight,
            .variation(
                VariationMeasure(
                    .gradient(power: 1), reduction: Reduction(.sum, factor: 0.5), unit: .input)))
    }

    static let pytorchExamples = Loss(
        name: "pytorch-examples",
        summary: "Feed-forward style transfer of PyTorch's examples: squared differences of "
            + "F Fᵀ/(C·H·W) and of features.",
        citation: "pytorch/examples 77f55b9, fast_neural_style/neural_style/neural_style.py:80-94, "
            + "utils.py:21-34",
        network: LossNetwork(.vgg16, .torchvision),
        terms: [
            Term("style", weight: 1e10, .features(style(johnsons))),
            Term("perceptual", weight: 1e5, .features(content("relu2_2"))),
        ])

    static let pytorchTutorial = Loss(
        name: "pytorch-tutorial",
        summary: "Style transfer of PyTorch's tutorial: before the ReLU, squared differences of "
            + "F Fᵀ/(C·H·W), for one image; the tutorial mixes the images of a batch.",
        citation: "pytorch/tutorials 0a7e686, advanced_source/neural_style_tutorial.py",
        network: LossNetwork(.vgg19, .torchvision),
        terms: [
            Term(
                "style", weight: 1e6,
                .features(style(["conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1"]))),
            Term("perceptual", weight: 1, .features(content("conv2_2"))),
        ])

    static let kerasIO = Loss(
        name: "keras-io",
        summary:
            "Style transfer of Keras' examples: sums of squared differences of F Fᵀ, divided by "
            + "4·3²·(H·W of the image)², of features, and of total variation to the power of 1.25 "
            + "of the network's input.",
        citation: "keras-team/keras-io 0896b2e, examples/generative/neural_style_transfer.py",
        network: LossNetwork(.vgg19, .caffe),
        terms: [
            Term(
                "style", weight: 1e-6,
                .features(
                    FeatureMeasure(
                        firsts.map { LayerWeight($0, weight: 1.0 / 5) }, .gram(Gram(.none)),
                        .squared, Reduction(.sum, factor: 1.0 / 36, imagePower: -2)))),
            Term(
                "perceptual", weight: 2.5e-8,
                .features(FeatureMeasure([LayerWeight("relu5_2")], .features, .squared, .sum))),
            Term(
                "tv", weight: 1e-6,
                .variation(
                    VariationMeasure(.gradient(power: 1.25), reduction: .sum, unit: .input))),
        ])

    static let tensorflow = Loss(
        name: "tensorflow",
        summary:
            "Style transfer of TensorFlow's tutorial: squared differences of F Fᵀ/(H·W) and of "
            + "features, and the sum of absolute differences of neighbours in [0, 1].",
        citation: "tensorflow/docs 023b91c, site/en/tutorials/generative/style_transfer.ipynb",
        network: LossNetwork(.vgg19, .caffe),
        terms: [
            Term(
                "style", weight: 1e-2,
                .features(
                    FeatureMeasure(
                        firsts.map { LayerWeight($0, weight: 1.0 / 5) }, .gram(Gram(.positions)),
                        .squared))),
            Term("perceptual", weight: 1e4, .features(content("relu5_2"))),
            Term(
                "tv", weight: 30,
                .variation(VariationMeasure(.neighbours(.l1), reduction: .sum))),
        ])

    static let fastStyleTransfer = Loss(
        name: "fast-style-transfer",
        summary:
            "Feed-forward style transfer in TensorFlow: squared differences of F Fᵀ/(C·H·W) and "
            + "of features, pools that round up, and squared differences of neighbours in 0..255.",
        citation: "lengstrom/fast-style-transfer 0d3d981, src/optimize.py:62-88, src/vgg.py:8-68",
        network: LossNetwork(.vgg19, .caffe, rounding: .same),
        terms: [
            Term("style", weight: 100, .features(style(firsts))),
            Term("perceptual", weight: 7.5, .features(content("relu4_2"))),
            Term(
                "tv", weight: 200,
                .variation(VariationMeasure(.neighbours(.squared), unit: .input))),
        ])

    static let adain = Loss(
        name: "adain",
        summary: "Adaptive instance normalisation: squared differences of means and of deviations, "
            + "and of features, with mirrored borders and pools rounded up. The weights' 1×1 layer "
            + "of its own is the preprocessing of the original ones.",
        citation: "Huang & Belongie, arXiv:1703.06868; naoto0804/pytorch-AdaIN 47950d0, "
            + "net.py:38-152, function.py:4-12",
        network: LossNetwork(.vgg19, .caffe, rounding: .ceil, padding: .reflect),
        terms: [
            Term(
                "style", weight: 10,
                .features(
                    style(
                        firsts.dropLast(), .meanDeviation(eps: 1e-5, isUnbiased: true)))),
            Term("perceptual", weight: 1, .features(content("relu4_1"))),
        ])

    static let crowson = Loss(
        name: "crowson",
        summary: "Style transfer by the Wasserstein distance of normal distributions of features, "
            + "with edges repeated in the first layer and total variation by nine points.",
        citation: "crowsonkb/style-transfer-pytorch e7e2c71, style_transfer/style_transfer.py:"
            + "20-90,129-195, sqrtm.py:9-25",
        network: LossNetwork(.vgg19, .torchvision, padding: .replicateFirst),
        terms: [
            Term(
                "style", weight: 1,
                .features(
                    FeatureMeasure(
                        zip(firsts, [256.0, 64, 16, 4, 1]).map {
                            LayerWeight($0, weight: $1 / 341)
                        }, .gaussian(eps: 1e-4, steps: 12), .wasserstein))),
            Term("perceptual", weight: 0.015, .features(content("relu4_2"))),
            Term("tv", weight: 2, .variation(VariationMeasure(.ninePoint))),
        ])

    static let firsts = (1...5).map { "relu\($0)_1" }
    private static let johnsons = ["relu1_2", "relu2_2", "relu3_3", "relu4_3"]

    private static func style(
        _ layers: some Sequence<String>, _ statistic: Statistic = .gram(Gram(.elements))
    ) -> FeatureMeasure {
        FeatureMeasure(layers.map { LayerWeight($0) }, statistic, .squared)
    }

    private static func content(_ layer: String) -> FeatureMeasure {
        FeatureMeasure([LayerWeight(layer)], .features, .squared)
    }
}
