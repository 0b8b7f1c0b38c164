import Codecs
import Service

extension Command {
    static let compare = Command(
        name: "compare",
        abstract: "Print the losses between images, without a server.",
        discussion: """
            Two files; two folders, whose files belong together by name (or by name without
            extension, where no other has it); or a CSV file of pairs. PNG, JPEG, or npy with
            --layout and, for floats, --range; a pipe too, and - for standard input. Names and
            meanings of the options are those of the API.

            Of several pairs each is a line as soon as it is done, and one that fails is a line
            with its reason, a file without a partner included. Exit status: 0; 1 when a pair
            failed; 2 for a mistake in usage; 3 for weights that are none; 130 after Ctrl-C, with
            what was done until then.
            """,
        operands: [
            Option(name: "output", help: "The image a model made, or a folder of such."),
            Option(name: "target", help: "The image it should have made, or a folder of such."),
        ],
        insteadOfOperands: pairsOption,
        options: [
            Option(
                name: "mask", placeholder: "file",
                help: "A mask, 1 where pixels are given, or a folder of such; adds the terms of "
                    + "the composite."),
            pairsOption,
            Option(
                name: "format", placeholder: "table|csv|jsonl|json",
                help: "What is written; a table when not said. csv and jsonl have a line a pair, "
                    + "json is the answer of POST /v1/losses, of several pairs an array."),
            Option(name: "json", help: "The same as --format json."),
            Option(
                name: "output", placeholder: "file",
                help: "Write there and not to standard output; a file that exists is replaced."),
            Option(
                name: "map", placeholder: "file.png",
                help: "Of two files: write where they differ, by the first term that has a map, as "
                    + "a picture, black where they do not and white where they do most."),
        ] + requestOptions,
        settings: Configuration.engineSettings
    ) { invocation throws(Exit) in
        let configuration = try invocation.configuration()
        let request = try CompareRequest(invocation)
        try request.run(try Comparison.load(configuration))
    }

    private static let pairsOption = Option(
        name: "pairs", placeholder: "file.csv",
        help: "A table of pairs: its first row names the columns, output and target and perhaps "
            + "mask, each other row is a pair. Paths are relative to its folder.")

    /// The options of POST /v1/losses, all there are, by their names with hyphens.
    private static let requestOptions = Comparison.optionNames.map { name in
        Option(
            name: CompareRequest.flagName(name), placeholder: name == "loss" ? "file" : "value",
            help: requestHelp[name] ?? "As in /openapi.yaml.")
    }

    private static let requestHelp = [
        "preset": "A preset.",
        "loss": "A loss of one's own, its definition in JSON.",
        "model": "A network by its name: one of --weights, or vgg16-imagenet.",
        "any_weights": "true: learned factors on weights that they were not fitted to.",
        "layers": "Layers of all terms, e.g. relu1_2:0.5,pool3.",
        "style_layers": "Layers of the style terms.",
        "perceptual_layers": "Layers of the perceptual terms.",
        "gram": "raw, normalized, covariance or correlation.",
        "layout": "chw, nchw, hwc or nhwc, of npy files.",
        "range": "0..1, 0..255 or -1..1, of npy files with floats.",
        "mask_polarity": "valid or hole: what 1 in the mask means.",
        "precision": "difference or plain: how features are compared.",
        "term_weights": "Factors of terms, e.g. style:120,tv:0.",
    ]
}

extension Comparison {
    /// The engine of a command, or the end of it with exit status 3.
    static func load(_ configuration: Configuration) throws(Exit) -> Comparison {
        do {
            return try Comparison(configuration: configuration)
        } catch {
            throw Exit(.weights, [error.description])
        }
    }
}
