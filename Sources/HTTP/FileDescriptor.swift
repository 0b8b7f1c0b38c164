// Who closes a descriptor is decided by ownership, once, here.

import Glibc

/// A file descriptor with one owner; it is closed when the owner goes.
struct FileDescriptor: ~Copyable, Sendable {
    let raw: Int32

    init(owning raw: Int32) {
        self.raw = raw
    }

    deinit {
        // Linux frees the descriptor even when close reports EINTR or EIO, so there is nothing to
        // retry and nobody to tell.
        _ = Glibc.close(raw)
    }
}
