import Glibc

/// Whether the tests run under a sanitizer, which takes terabytes of address space for itself.
public enum Sanitizer {
    /// Asked of the runtime that would be linked.
    public static let isOn = isLinked("__asan_init") || isLinked("__tsan_init")

    private static func isLinked(_ symbol: String) -> Bool { dlsym(nil, symbol) != nil }
}

/// A limit of this process's address space, for tests that end with it.
public enum AddressSpaceLimit {
    /// Grants so many bytes beyond what is mapped now.
    public static func set(free bytes: Int) {
        var text = [CChar](repeating: 0, count: 256)
        let file = open("/proc/self/statm", O_RDONLY)
        _ = read(file, &text, 255)
        close(file)
        let pages = strtol(text, nil, 10)
        let most = rlim_t(pages * sysconf(Int32(_SC_PAGESIZE)) + bytes)
        var limit = rlimit(rlim_cur: most, rlim_max: most)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    }
}
