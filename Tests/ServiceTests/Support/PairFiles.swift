import Foundation

/// A folder of a test's own for images to compare, removed with the test.
final class PairFiles {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    init(_ folders: String...) throws {
        for name in folders {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
    }

    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch { print("\(error)") }
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    @discardableResult func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: folder.appendingPathComponent(name))
        return path(name)
    }

    @discardableResult func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }
}
