/// Two files to compare, and perhaps a mask, by the names that whoever asked gave them.
public struct ComparedPair: Sendable, Equatable {
    /// The image that a model made; empty when there is none.
    public var output: String
    /// The image it should have made; empty when there is none.
    public var target: String
    /// A mask.
    public var mask: String?
    /// The folder that names start from unless they are absolute; nil for the working directory.
    public var folder: String?
    /// Why the pair cannot be compared, where that is known before a file is read.
    public var refusal: String?

    /// A pair of files.
    public init(
        output: String, target: String, mask: String? = nil, folder: String? = nil,
        refusal: String? = nil
    ) {
        self.output = output
        self.target = target
        self.mask = mask
        self.folder = folder
        self.refusal = refusal
    }

    /// The parts of a request that its files stand for, with their paths.
    var parts: [(name: String, path: String)] {
        [("output", output), ("target", target)].map { ($0.0, path($0.1)) }
            + (mask.map { [("mask", path($0))] } ?? [])
    }

    private func path(_ name: String) -> String {
        guard let folder, !name.hasPrefix("/") else { return name }
        return "\(folder)/\(name)"
    }
}
