import CMalloc
import Glibc

/// The settings of the allocator, and the one thing asked of it.
package enum Allocator {
    /// By default glibc takes every freed block of up to 32 MiB as a hint to keep such blocks in
    /// its heaps, and makes eight heaps a core: after mixed sizes 1,020 MB were resident where
    /// 259 MB were in use. With a fixed limit, what is large goes back when it is freed; what is
    /// small stays in few heaps.
    static func configure() {
        styleloss_malloc_configure(mappedBytes, trimBytes, arenas)
    }

    private static let mappedBytes: Int32 = 1 << 20
    private static let trimBytes: Int32 = 8 << 20
    private static let arenas: Int32 = 4

    /// Whether the system would give so many bytes more now (RLIMIT_AS, vm.overcommit_memory). Nothing
    /// is kept and no page is touched, so this takes microseconds.
    package static func grants(bytes: Int) -> Bool {
        guard bytes > 0 else { return true }
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let place = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0),
            unsafe place != MAP_FAILED
        else { return false }
        unsafe munmap(place, bytes)
        return true
    }

    /// Gives free pages back to the system. Some milliseconds during which others wait for memory,
    /// so for idle moments.
    static func trim() { styleloss_malloc_trim() }
}
