import Glibc

/// The descriptors of the process, seen to before anything else opens one.
public enum Descriptors {
    /// Opens standard input, output and error on the null device where they are closed.
    ///
    /// A descriptor is given the lowest free number: with standard error closed the first client's
    /// socket became 2, and log lines were written to it. Called first, nothing else is ever 0 to 2.
    /// False when there is no null device to be had.
    public static func occupyStandardStreams() -> Bool {
        while true {
            let descriptor = unsafe open("/dev/null", O_RDWR)
            guard descriptor >= 0 else { return false }
            guard descriptor > STDERR_FILENO else { continue }
            close(descriptor)
            return true
        }
    }

    /// Raises the soft limit of open files to the hard one, and returns what is in force.
    ///
    /// The soft one is 1,024 nearly everywhere, for programs that still use select(2).
    @discardableResult public static func raiseLimit() -> Int {
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard unsafe getrlimit(kind, &limit) == 0 else { return 1024 }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        return Int(
            clamping: unsafe setrlimit(kind, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur)
    }

    /// The soft limit of open files.
    static var limit: Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 1024
        }
        return Int(clamping: limit.rlim_cur)
    }
}

/// How many connections there is room for among the descriptors of the process.
struct ConnectionPlaces: Sendable, Equatable {
    /// What the process opens for itself beside its listeners: the standard streams, the event
    /// loop's four, and files it reads now and then (weights, keys, procfs). 14 were seen.
    private static let ownDescriptors = 32

    /// Connections that are served.
    let served: Int
    /// Connections beyond those that get a 503, or their answer if they ask for health.
    let reserved: Int

    /// `asked` and `reserved` as they are where there are descriptors for both, else what fits,
    /// and at least one of each.
    init(asked: Int, reserved: Int, listeners: Int, openFilesMax: Int) {
        let available = max(2, openFilesMax - Self.ownDescriptors - listeners)
        self.reserved = max(1, min(reserved, available / 4))
        served = min(asked, available - self.reserved)
    }
}
