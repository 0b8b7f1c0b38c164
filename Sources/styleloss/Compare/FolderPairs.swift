import Service

/// The files of folders that belong together: by name, or by name without extension where no other
/// file of each folder has it. What belongs to nothing is a pair with its refusal.
struct FolderPairs: Sequence, IteratorProtocol {
    /// Outputs, targets, perhaps masks.
    private let folders: [Folder]
    /// How many names of each have been taken.
    private var taken: [Int]
    /// Pairs of names that are alike without extension, the next one last.
    private var ready: [ComparedPair]

    /// - Parameter paths: of outputs, of targets and perhaps of masks.
    init(_ paths: [String]) throws(Exit) {
        var folders: [Folder] = []
        for path in paths { folders.append(try Folder(path)) }
        self.folders = folders
        taken = folders.map { _ in 0 }
        ready = []
        for (folder, role) in zip(folders, Self.roles) {
            ready += folder.unreadable.reversed().map { name in
                var pair = ComparedPair(
                    output: "", target: "", refusal: "The name of the file is not UTF-8.")
                pair[keyPath: role] = "\(folder.path)/\(name)"
                return pair
            }
        }
        for folder in folders where folder.names.isEmpty && folder.unreadable.isEmpty {
            throw Exit(.usage, ["\(folder.path): there is no file in the folder"])
        }
    }

    var hasMasks: Bool { folders.count == 3 }

    private static var roles: [WritableKeyPath<ComparedPair, String>] {
        [\.output, \.target, \.maskOrNone]
    }

    mutating func next() -> ComparedPair? {
        while ready.isEmpty {
            let heads = folders.indices.compactMap { index in
                taken[index] < folders[index].names.count
                    ? Folder.stem(folders[index].names[taken[index]]) : nil
            }
            guard let stem = heads.min(by: { $0.lexicographicallyPrecedes($1) }) else { return nil }
            let groups = folders.indices.map { index in
                let rest = folders[index].names[taken[index]...]
                let group = rest.prefix { Folder.stem($0).elementsEqual(stem) }
                taken[index] += group.count
                return group
            }
            ready = pairs(groups).reversed()
        }
        return ready.popLast()
    }

    /// The pairs of names with one stem.
    private func pairs(_ groups: [ArraySlice<String>]) -> [ComparedPair] {
        var pairs: [ComparedPair] = []
        for name in groups[0] {
            var pair = ComparedPair(output: path(name, 0), target: "")
            for index in groups.indices.dropFirst() {
                if let partner = partner(of: name, in: groups[index], isAlone: groups[0].count == 1)
                {
                    pair[keyPath: Self.roles[index]] = path(partner, index)
                } else if pair.refusal == nil {
                    pair.refusal = refusal(index, groups[index])
                }
            }
            pairs.append(pair)
        }
        for index in groups.indices.dropFirst() {
            for name in groups[index]
            where partner(of: name, in: groups[0], isAlone: groups[index].count == 1) == nil {
                var pair = ComparedPair(output: "", target: "", refusal: refusal(0, groups[0]))
                pair[keyPath: Self.roles[index]] = path(name, index)
                pairs.append(pair)
            }
        }
        return pairs
    }

    private func path(_ name: String, _ index: Int) -> String { "\(folders[index].path)/\(name)" }

    /// - Parameter isAlone: whether no other file of the name's own folder has its stem.
    private func partner(
        of name: String, in group: ArraySlice<String>, isAlone: Bool
    ) -> String? {
        if isAlone, group.count == 1 { return group.first }
        // They are in order.
        var (low, high) = (group.startIndex, group.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if group[middle].utf8.lexicographicallyPrecedes(name.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < group.endIndex, group[low].utf8.elementsEqual(name.utf8) else { return nil }
        return group[low]
    }

    private func refusal(_ index: Int, _ group: ArraySlice<String>) -> String {
        let what = index == 2 ? "mask" : "file"
        guard !group.isEmpty else {
            return "There is no \(what) of this name in \(folders[index].path)."
        }
        return "There is no \(what) of this very name in \(folders[index].path), and without "
            + "extension several are called so."
    }
}

extension ComparedPair {
    /// The mask, empty when there is none.
    fileprivate var maskOrNone: String {
        get { mask ?? "" }
        set { mask = newValue.isEmpty ? nil : newValue }
    }
}
