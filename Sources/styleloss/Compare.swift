import Codecs
import Service

extension Command {
    static let compare = Command(
        name: "compare",
        abstract: "Print the losses between two images, without a server.",
        discussion: """
            PNG, JPEG, or npy with --layout and, for floats, --range; a pipe too, and - for standard
            input. Names and meanings of the options are those of the API.
            """,
        operands: [
            Option(name: "output", help: "The image a model made."),
            Option(name: "target", help: "The image it should have made."),
        ],
        options: [
            Option(
                name: "mask", placeholder: "file",
                help: "A mask, 1 where pixels are given; adds the terms of the composite."),
            Option(
                name: "json", help: "Print the answer of POST /v1/losses instead of a table."),
        ] + requestOptions,
        settings: Configuration.engineSettings
    ) { invocation throws(Exit) in
        let configuration = try invocation.configuration()
        let request = ComparisonRequest(
            output: invocation.operands[0], target: invocation.operands[1],
            mask: invocation.value(of: "mask"),
            options: Comparison.optionNames.compactMap { name in
                invocation.value(of: flagName(name)).map { (name, $0) }
            })
        let inputs = [request.output, request.target, request.mask]
        guard inputs.filter({ $0 == "-" }).count <= 1 else {
            throw Exit(.usage, ["-: standard input can be one image only"])
        }
        let comparison = try Comparison.load(configuration)
        let answer: ComparisonAnswer
        do throws(ServiceError) {
            answer = try comparison.run(request)
        } catch {
            throw Exit(error.isMistakeInOptions ? .usage : .runtime, [error.description])
        }
        throw Exit(
            .clean,
            invocation.arguments.has("--json")
                ? String(decoding: answer.json.encode(), as: UTF8.self)
                : LossTable(answer.json, layerWeights: answer.layerWeights).text)
    }

    /// The options of POST /v1/losses, all there are, by their names with hyphens.
    private static let requestOptions = Comparison.optionNames.map { name in
        Option(
            name: flagName(name), placeholder: "value",
            help: requestHelp[name] ?? "As in /openapi.yaml.")
    }

    private static let requestHelp = [
        "preset": "A preset.",
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

    private static func flagName(_ option: String) -> String {
        String(option.map { $0 == "_" ? "-" : $0 })
    }
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
