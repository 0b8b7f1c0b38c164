import Codecs
import Inference

/// What runs where, for `/v1/info` and the `info` command.
public struct ServiceInfo: Sendable {
    let models: Models
    let configuration: Configuration

    /// The members in the order of the documentation.
    public var json: JSON {
        let network = models.standard.network
        return [
            "name": .string(Version.name), "version": .string(Version.number),
            "model": json(network), "models": .array(models.all.map { json($0.network) }),
            "layers": layers(network),
            "presets": .array(Presets.all.map { .string($0.name) }),
            "options": .array(OptionName.losses.map { .string($0.rawValue) }),
            "gradients": GradientOptions.capability,
            "limits": limits,
            "instruction_set": .string(models.instructionSet.rawValue),
            "effective_cpus": .integer(configuration.machine.effectiveCPUs),
            "memory_bytes": .integer(configuration.machine.memoryBytes),
            "warnings": .array(models.warnings.map(\.json)),
        ]
    }

    private func json(_ network: Network) -> JSON {
        [
            "name": .string(network.name), "sha256": .string(network.sha256),
            "architecture": .string(network.architecture.rawValue),
            "preprocessing": preprocessing(network.preprocessing), "layers": layers(network),
        ]
    }

    private func layers(_ network: Network) -> JSON {
        .array(VGG.taps(network.architecture).map { .string($0.description) })
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
