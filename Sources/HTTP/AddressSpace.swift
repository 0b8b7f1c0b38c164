import Glibc

/// What the system has to give, beyond what is in use: a Swift allocation that fails ends the process,
/// so what a client has chosen the size of is asked for first.
package enum AddressSpace {
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
}
