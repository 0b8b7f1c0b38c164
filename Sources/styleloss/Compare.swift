import ArgumentParser
import Codecs
import Glibc
import Service

/// `styleloss compare`
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the losses between two images, without a server.",
        discussion:
            "PNG, or npy with --layout and, for floats, --range. Names and meanings are those of "
            + "the API."
    )

    @Argument(help: "The image a model made.")
    var output: String

    @Argument(help: "The image it should have made.")
    var target: String

    @Option(help: "A mask, 1 where pixels are given; adds the terms of the composite.")
    var mask: String?

    @Option(help: "A preset.")
    var preset: String?

    @Option(help: "Layers of all terms, e.g. relu1_2:0.5,pool3.")
    var layers: String?

    @Option(help: "Layers of the style terms.")
    var styleLayers: String?

    @Option(help: "Layers of the perceptual terms.")
    var perceptualLayers: String?

    @Option(help: "raw, normalized, covariance or correlation.")
    var gram: String?

    @Option(help: "chw, nchw, hwc or nhwc, of npy files.")
    var layout: String?

    @Option(help: "0..1, 0..255 or -1..1, of npy files with floats.")
    var range: String?

    @Option(help: "valid or hole: what 1 in the mask means.")
    var maskPolarity: String?

    @Option(help: "Factors of terms, e.g. style:120,tv:0.")
    var termWeights: String?

    @OptionGroup var engine: EngineOptions

    @Flag(help: "Print the answer of POST /v1/losses instead of a table.")
    var json = false

    func run() throws {
        let comparison = try Comparison.load(try Configuration.load(flags: engine.flags))
        var request = ComparisonRequest(output: output, target: target, mask: mask)
        let options = [
            ("preset", preset), ("layers", layers), ("style_layers", styleLayers),
            ("perceptual_layers", perceptualLayers), ("gram", gram), ("layout", layout),
            ("range", range), ("mask_polarity", maskPolarity), ("term_weights", termWeights),
        ]
        request.options = options.compactMap { name, value in value.map { (name, $0) } }
        let answer: JSON
        do {
            answer = try comparison.run(request)
        } catch {
            CommandLineTool.printError("styleloss: \(error)")
            throw ExitCode(ExitStatus.runtime.rawValue)
        }
        print(json ? String(decoding: answer.encode(), as: UTF8.self) : LossTable(answer).text)
    }
}

/// The options of the service that matter without one.
struct EngineOptions: ParsableArguments {
    @Option(help: "A safetensors file of VGG-16 or VGG-19 weights instead of the embedded ones.")
    var weights: String?

    @Option(help: "caffe or torchvision, when the file does not say.")
    var preprocessing: String?

    @Option(help: "avx512, avx2 or portable instead of the best.")
    var instructionSet: String?

    @Option(help: "Threads; all effective CPUs if not given.")
    var workers: String?

    /// The same as flags of `serve`.
    var flags: [String] {
        let given = [
            ("weights", weights), ("preprocessing", preprocessing),
            ("instruction-set", instructionSet),
            ("workers", workers),
        ]
        return given.compactMap { key, value in value.map { "--\(key)=\($0)" } }
    }
}
