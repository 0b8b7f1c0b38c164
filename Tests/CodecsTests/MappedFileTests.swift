import Codecs
import Foundation
import Testing

@Suite struct MappedFileTests {
    private func failure(_ path: String) -> MappedFileError? {
        do throws(MappedFileError) {
            _ = try MappedFile(path: path)
            return nil
        } catch {
            return error
        }
    }

    private func withFile(_ contents: [UInt8], _ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "styleloss-\(UUID().uuidString)"
        try Data(contents).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        try body(path)
    }

    @Test func `maps the bytes of a file`() throws {
        let file = try MappedFile(path: Fixture.path("types.safetensors"))
        #expect(Array(file.bytes) == (try Fixture.bytes("types.safetensors")))
        let names = try file.withSpan { bytes throws(SafetensorsError) in
            try SafetensorsFile.parse(bytes).tensors.map(\.name)
        }
        #expect(names.count == 5)
    }

    @Test func `keeps the bytes when the name is gone`() throws {
        try withFile([1, 2, 3]) { path in
            let file = try MappedFile(path: path)
            unlink(path)
            #expect(Array(file.bytes) == [1, 2, 3])
        }
    }

    @Test func `says why a file cannot be mapped`() throws {
        #expect(failure("/nonexistent/file") == .notFound)
        #expect(failure(Fixture.path("float32.npy") + "/x") == .notFound)
        #expect(failure(Fixture.path("")) == .notRegularFile)
        #expect(failure("/dev/null") == .notRegularFile)
        #expect(failure(String(repeating: "x", count: 5000)) == .system(errno: ENAMETOOLONG))
        try withFile([]) { #expect(failure($0) == .empty) }
    }

    @Test func `does not wait for the writer of a pipe`() throws {
        let path = NSTemporaryDirectory() + "styleloss-\(UUID().uuidString)"
        try #require(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        #expect(failure(path) == .notRegularFile)
    }

    @Test(.enabled(if: geteuid() != 0, "root may read everything"))
    func `says when a file may not be read`() throws {
        try withFile([1]) { path in
            chmod(path, 0)
            #expect(failure(path) == .permissionDenied)
        }
    }

    @Test(arguments: [
        MappedFileError.notFound, .permissionDenied, .notRegularFile, .empty,
        .system(errno: ENOMEM),
    ])
    func `describes an error in one sentence without the path`(error: MappedFileError) {
        #expect("\(error)".hasSuffix(".") && !"\(error)".contains("/"))
    }
}
