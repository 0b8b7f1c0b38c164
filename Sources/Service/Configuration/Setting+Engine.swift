import Inference

/// What computes.
extension Setting where Value == String? {
    static var weights: Self {
        .file(
            "weights", default: "the embedded VGG-16",
            "A safetensors file with torchvision's names, VGG-16 or VGG-19, F16, BF16 or F32")
    }
}

extension Setting where Value == Preprocessing? {
    static var preprocessing: Self {
        let known = [Preprocessing.caffe, .torchvision].map(\.name)
        return Setting(
            key: "preprocessing", placeholder: known.joined(separator: "|"),
            help: "What the weights expect, \(known.joined(separator: " or ")); needed when the "
                + "file's metadata says nothing",
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
