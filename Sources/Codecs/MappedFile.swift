import Glibc

/// Why a file could not be mapped or read; the caller knows, and adds, its path.
public enum MappedFileError: Error, Equatable, Sendable, CustomStringConvertible {
    case notFound
    case permissionDenied
    /// A directory, a pipe or a device.
    case notRegularFile
    case empty
    /// More bytes than are read of what cannot be mapped.
    case tooLarge(bytesMax: Int)
    /// Another failure of the operating system, by its `errno`.
    case system(errno: Int32)

    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .notFound: "The file does not exist."
        case .permissionDenied: "The file may not be read by this user."
        case .notRegularFile: "The path does not name a regular file."
        case .empty: "The file is empty."
        case .tooLarge(let bytesMax): "There are more than \(bytesMax) bytes."
        case .system(let errno):
            "The file cannot be read: \(unsafe String(cString: strerror(errno)))."
        }
    }

    static var last: MappedFileError {
        switch errno {
        case ENOENT, ENOTDIR: .notFound
        case EACCES, EPERM: .permissionDenied
        default: .system(errno: errno)
        }
    }
}

/// The bytes of a regular file, mapped read-only and paged in on demand; unmapped on release.
///
/// A file that is cut short while it is mapped kills the process with SIGBUS, as with every mapping:
/// replace such files, do not rewrite them.
///
/// Sendable is unchecked for the pointer's sake: the mapping never changes and lives as long as self.
@safe public final class MappedFile: @unchecked Sendable {
    /// Valid as long as this object is alive; never empty.
    public let bytes: UnsafeRawBufferPointer

    /// Maps the whole file.
    public init(path: String) throws(MappedFileError) {
        // O_NONBLOCK: opening a pipe without a writer must not wait.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .last }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegularFile }
        guard status.st_size > 0 else { throw .empty }
        let count = Int(status.st_size)
        let base = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let base = unsafe base, unsafe base != MAP_FAILED else { throw .last }
        unsafe bytes = UnsafeRawBufferPointer(start: base, count: count)
    }

    deinit {
        unsafe munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }

    /// Lets the pages read so far go from the process; they come back when they are read again.
    public func forgetPages() {
        unsafe madvise(
            UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count, MADV_DONTNEED)
    }

    /// Lends the bytes as a span.
    public func withSpan<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(bytes.bindMemory(to: UInt8.self).span)
    }
}
