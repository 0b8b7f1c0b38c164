import Codecs
import Inference

/// What runs where, for `/v1/info` and the `info` command.
public struct ServiceInfo: Sendable {
    let model: Model
    let configuration: Configuration

    /// The members in the order of the documentation.
    public var json: JSON {
        let network = model.network
        return [
            "name": .string(Version.name), "version": .string(Version.number),
            "model": .object([
                .init("name", .string(network.name)), .init("sha256", .string(network.sha256)),
                .init("architecture", .string(network.architecture.rawValue)),
                .init("preprocessing", preprocessing(network.preprocessing)),
            ]),
            "layers": .array(VGG.taps(network.architecture).map { .string($0.description) }),
            "presets": .array(Presets.all.map { .string($0.name) }),
            "options": .array(OptionName.losses.map { .string($0.rawValue) }),
            "gradients": GradientOptions.capability,
            "limits": limits,
            "instruction_set": .string(model.extractor.instructionSet.rawValue),
            "effective_cpus": .integer(configuration.machine.effectiveCPUs),
            "memory_bytes": .integer(configuration.machine.memoryBytes),
            "warnings": .array(model.warnings.map(\.json)),
        ]
    }

    private var limits: JSON {
        .object(configuration.limits.map { JSON.Member($0.name, .integer($0.value)) })
    }

    private func preprocessing(_ preprocessing: Preprocessing) -> JSON {
        [
            "name": .string(preprocessing.name),
            "channel_order": .string(preprocessing.isBGR ? "BGR" : "RGB"),
            "scale": Self.number(preprocessing.scale),
            "mean": .array(preprocessing.mean.map(Self.number)),
            "std": .array(preprocessing.std.map(Self.number)),
        ]
    }

    /// A single-precision constant as it was written down: 103.939, not the double nearest to it.
    private static func number(_ value: Float) -> JSON {
        .number(Double(value.description) ?? Double(value))
    }
}
