import CMalloc

/// The settings of the allocator, and the one thing asked of it.
enum Allocator {
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

    /// Gives free pages back to the system. Some milliseconds during which others wait for memory,
    /// so for idle moments.
    static func trim() { styleloss_malloc_trim() }
}
