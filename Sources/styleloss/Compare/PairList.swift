import Glibc
import Service

/// What `compare` is given to compare.
enum PairList {
    /// Two files, and perhaps a mask.
    case files(ComparedPair)
    case folders(FolderPairs)
    case table(TablePairs)

    init(_ invocation: Invocation) throws(Exit) {
        let mask = invocation.value(of: "mask")
        if let table = invocation.value(of: "pairs") {
            guard mask == nil else {
                throw Exit(.usage, ["--mask: with --pairs it is a column of the table"])
            }
            self = .table(try TablePairs(table))
            return
        }
        let (output, target) = (invocation.operands[0], invocation.operands[1])
        switch (Folder.exists(output), Folder.exists(target)) {
        case (false, false):
            let files = [output, target] + (mask.map { [$0] } ?? [])
            guard files.filter({ $0 == "-" }).count <= 1 else {
                throw Exit(.usage, ["-: standard input can be one image only"])
            }
            self = .files(ComparedPair(output: output, target: target, mask: mask))
        case (true, true):
            if let mask, !Folder.exists(mask) {
                throw Exit(
                    .usage, ["--mask: \(mask) is no folder; with two folders, give one of masks"])
            }
            self = .folders(try FolderPairs([output, target] + (mask.map { [$0] } ?? [])))
        case (true, false): throw Self.mixed(folder: output, other: target)
        case (false, true): throw Self.mixed(folder: target, other: output)
        }
    }

    private static func mixed(folder: String, other: String) -> Exit {
        Exit(
            .usage,
            [
                "\(folder) is a folder and \(other) is none; give two files, two folders, or "
                    + "--pairs FILE.csv with a row a pair"
            ])
    }

    /// The pair that was named by its files.
    var single: ComparedPair? { if case .files(let pair) = self { pair } else { nil } }

    /// Whether pairs have masks.
    var hasMasks: Bool {
        switch self {
        case .files(let pair): pair.mask != nil
        case .folders(let pairs): pairs.hasMasks
        case .table(let pairs): pairs.hasMasks
        }
    }

    /// How many there are; nil where that is not known before the last.
    var count: Int? {
        switch self {
        case .files: 1
        case .folders(let pairs): pairs.reduce(0) { count, _ in count + 1 }
        case .table: nil
        }
    }
}

extension PairList: Sequence {
    func makeIterator() -> AnyIterator<ComparedPair> {
        switch self {
        case .files(let pair): AnyIterator(CollectionOfOne(pair).makeIterator())
        case .folders(let pairs): AnyIterator(pairs)
        case .table(let pairs): AnyIterator(pairs)
        }
    }
}
