import Inference

/// What computes.
extension Setting where Value == [WeightsFile] {
    static var weights: Self {
        Setting(
            key: "weights", placeholder: "[name=]file",
            help:
                "A safetensors file with torchvision's names, VGG-16 or VGG-19, F16, BF16 or F32, "
                + "served beside the embedded VGG-16; may be repeated",
            isList: true, defaultDescription: "the embedded VGG-16 alone", standard: { _ in [] }
        ) { texts throws(SettingError) in
            var files: [WeightsFile] = []
            for text in texts { files.append(try WeightsFile(text)) }
            return files
        }
    }
}

/// A file of weights as `--weights` names it.
struct WeightsFile: Sendable, Equatable {
    /// The network's name; nil for that of the file's metadata, else its stem.
    let name: String?
    let path: String

    /// `path` or `name=path`: what stands before `=` is a part of the path if it has a slash.
    init(_ text: String) throws(SettingError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].contains("/") else {
            (name, path) = (nil, text)
            return
        }
        guard parts.allSatisfy({ !$0.isEmpty }) else {
            throw SettingError(clause: "\"\(text)\" is neither FILE nor NAME=FILE")
        }
        (name, path) = (String(parts[0]), String(parts[1]))
    }

    /// The file's name without its extension.
    var stem: String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let suffix = ".safetensors"
        return name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
    }
}

extension Setting where Value == Preprocessing? {
    static var preprocessing: Self {
        let known = [Preprocessing.caffe, .torchvision].map(\.name)
        return Setting(
            key: "preprocessing", placeholder: known.joined(separator: "|"),
            help:
                "What the weights expect, \(known.joined(separator: " or ")), of all files given; "
                + "needed when a file's metadata says nothing",
            defaultDescription: "from the file", standard: { _ in nil }
        ) { texts throws(SettingError) in
            guard let preprocessing = Preprocessing(named: texts[0]) else {
                throw SettingError(
                    clause: "\"\(texts[0])\" is none of \(known.joined(separator: ", "))")
            }
            return preprocessing
        }
    }
}

extension Setting where Value == InstructionSet? {
    static var instructionSet: Self {
        let choice = choice(
            "instruction-set", default: "the best there is",
            "Force the kernels of one instruction set: avx512, avx2 or portable")
        return Setting(
            key: choice.key, placeholder: choice.placeholder, help: choice.help,
            defaultDescription: choice.defaultDescription, standard: choice.standard
        ) { texts throws(SettingError) in
            let set = try choice.parse(texts)
            guard set?.isSupported != false else {
                throw SettingError(clause: "this processor does not have \(texts[0])")
            }
            return set
        }
    }
}

extension Setting where Value == Int {
    static var workers: Self {
        .derived(
            "workers", 1...1024, .count, default: "effective CPUs",
            "Threads that compute; effective CPUs are the least of affinity, cpuset and cgroup "
                + "quota"
        ) { $0.machine.effectiveCPUs }
    }
}
