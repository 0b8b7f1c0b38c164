import Glibc
import Service

/// A folder of images.
struct Folder {
    let path: String
    /// The names of what is in it but hidden files, in the order of their octets: of the names without
    /// extension first, then of the whole.
    let names: [String]
    /// The names that are not UTF-8, as far as they can be shown.
    let unreadable: [String]

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    init(_ path: String) throws(Exit) {
        guard let directory = opendir(path) else { throw Self.failure(path) }
        defer { closedir(directory) }
        var names: [String] = []
        var unreadable: [String] = []
        errno = 0
        while let entry = readdir(directory) {
            withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                let octets = bytes.prefix { $0 != 0 }
                guard octets.first != UInt8(ascii: ".") else { return }
                if let name = String(validating: octets, as: UTF8.self) {
                    names.append(name)
                } else {
                    unreadable.append(String(decoding: octets, as: UTF8.self))
                }
            }
            errno = 0
        }
        guard errno == 0 else { throw Self.failure(path) }
        var octets = path.utf8[...]
        while octets.count > 1, octets.last == UInt8(ascii: "/") { octets.removeLast() }
        self.path = String(decoding: octets, as: UTF8.self)
        self.names = names.sorted(by: Self.precedes)
        self.unreadable = unreadable.sorted()
    }

    private static func failure(_ path: String) -> Exit {
        Exit(.usage, ["\(path): the folder cannot be read: \(String(cString: strerror(errno)))"])
    }

    /// The order of `names`. Octets and not characters: names that are canonically equivalent are
    /// names of two files.
    static func precedes(_ a: String, _ b: String) -> Bool {
        let (first, second) = (stem(a), stem(b))
        guard first.elementsEqual(second) else { return first.lexicographicallyPrecedes(second) }
        return a.utf8.lexicographicallyPrecedes(b.utf8)
    }

    /// A name without its extension.
    static func stem(_ name: String) -> Substring.UTF8View {
        let octets = name.utf8
        let end = octets.lastIndex(of: UInt8(ascii: ".")) ?? octets.endIndex
        return name[..<end].utf8
    }
}
