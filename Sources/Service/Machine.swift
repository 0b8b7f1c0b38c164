import Glibc

/// What the process may really use of the machine it runs on: neither a library of threads nor Foundation sees
/// a container's quota, and sixty-four threads on two CPUs' worth of time are slower than two.
public struct Machine: Sendable, Equatable {
    /// CPUs to plan for: the least of the affinity mask, the cgroup's cpuset and its CPU quota.
    ///
    /// A quota of 2.5 CPUs counts as 2 and one of 0.5 as 1: a thread more than the quota covers
    /// only makes every period end in throttling, and at least one thread has to exist.
    public let effectiveCPUs: Int
    /// Bytes of memory the process may use: the least of the cgroup's limit, the RAM and what RLIMIT_AS
    /// leaves of the address space.
    public let memoryBytes: Int
    /// Files and sockets the process may have open, its own included.
    public let openFilesMax: Int

    /// A machine of these sizes.
    public init(effectiveCPUs: Int, memoryBytes: Int, openFilesMax: Int = 1 << 20) {
        self.effectiveCPUs = effectiveCPUs
        self.memoryBytes = memoryBytes
        self.openFilesMax = openFilesMax
    }

    /// The machine this process runs on.
    public static func current() -> Machine {
        let files = ControlGroupFiles(
            root: "/sys/fs/cgroup", membership: readText("/proc/self/cgroup") ?? "")
        let cpus =
            [affinityCPUs(), files.cpusetCPUs(), files.quotaCPUs()].compactMap { $0 }.min() ?? 1
        let memory =
            [physicalMemoryBytes(), files.memoryLimitBytes(), addressSpaceBytes()]
            .compactMap { $0 }.min() ?? 1 << 30
        return Machine(
            effectiveCPUs: max(1, cpus), memoryBytes: memory, openFilesMax: Descriptors.limit)
    }

    /// What `taskset` and most cpusets narrow (proc(5), `Cpus_allowed_list`).
    private static func affinityCPUs() -> Int? {
        let line = readText("/proc/self/status")?.split(separator: "\n")
            .first { $0.hasPrefix("Cpus_allowed_list:") }
        return line.map {
            ControlGroupFiles.countCPUs(String($0.dropFirst("Cpus_allowed_list:".count)))
        }
    }

    /// What RLIMIT_AS (`ulimit -v`) leaves beyond what is mapped already; nil without a limit.
    private static func addressSpaceBytes() -> Int? {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_AS.rawValue)
        guard unsafe getrlimit(kind, &limit) == 0, let bytes = Int(exactly: limit.rlim_cur) else {
            return nil
        }
        let pages = readText("/proc/self/statm")?.split(separator: " ").first.flatMap { Int($0) }
        return max(0, bytes - (pages ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))))
    }

    private static func physicalMemoryBytes() -> Int? {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let pageBytes = sysconf(Int32(_SC_PAGESIZE))
        return pages > 0 && pageBytes > 0 ? pages * pageBytes : nil
    }
}

/// The limits of the control group a process is in, version 2 (one tree) or 1 (a tree a
/// controller).
///
/// A limit set on any ancestor binds too, so every level up to the root is read and the least wins.
public struct ControlGroupFiles: Sendable {
    private let root: String
    private let unifiedPath: String?
    private let controllerPaths: [String: String]

    /// `membership` is the text of `/proc/self/cgroup`: lines of `id:controllers:path`
    /// (cgroups(7)).
    public init(root: String, membership: String) {
        self.root = root
        var unified: String?
        var paths: [String: String] = [:]
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[0] == "0" && fields[1].isEmpty { unified = String(fields[2]) }
            for controller in fields[1].split(separator: ",") {
                paths[String(controller)] = String(fields[2])
            }
        }
        unifiedPath = unified
        controllerPaths = paths
    }

    /// CPUs of the CPU bandwidth limit, rounded down, at least 1; nil without a limit.
    public func quotaCPUs() -> Int? {
        let unified = texts("cpu.max", controller: nil).compactMap { text -> Int? in
            let fields = text.split(whereSeparator: \.isWhitespace)
            guard fields.count == 2, let quota = Int(fields[0]), let period = Int(fields[1]) else {
                return nil
            }
            return period > 0 ? quota / period : nil
        }
        let quotas = texts("cpu.cfs_quota_us", controller: "cpu").map {
            Int(Self.trimmed($0)) ?? -1
        }
        let periods = texts("cpu.cfs_period_us", controller: "cpu").map {
            Int(Self.trimmed($0)) ?? 0
        }
        let divided = zip(quotas, periods).filter { $0 > 0 && $1 > 0 }.map { $0 / $1 }
        return (unified + divided).min().map { max(1, $0) }
    }

    /// CPUs of the cpuset, e.g. `0-3,8`; nil without one.
    public func cpusetCPUs() -> Int? {
        let lists =
            texts("cpuset.cpus.effective", controller: nil)
            + texts("cpuset.cpus", controller: "cpuset")
        return lists.map(Self.countCPUs).filter { $0 > 0 }.min()
    }

    /// The memory limit in bytes; nil when the files say `max` or a number no machine has.
    public func memoryLimitBytes() -> Int? {
        let limits =
            texts("memory.max", controller: nil)
            + texts("memory.limit_in_bytes", controller: "memory")
        return limits.compactMap { Int(Self.trimmed($0)) }.filter { $0 > 0 && $0 < 1 << 60 }.min()
    }

    /// The file's text at each level from the process's group up to the root. Inside a container
    /// the group's path often names directories the mount does not show; the root is then the group
    /// itself.
    private func texts(_ file: String, controller: String?) -> [String] {
        let path: String?
        let tree: String
        if let controller {
            path = controllerPaths[controller]
            tree = "\(root)/\(controller)"
        } else {
            path = unifiedPath
            tree = root
        }
        guard let path else { return [] }
        var levels = path.split(separator: "/")
        var found: [String] = []
        while true {
            let directory = ([tree] + levels.map(String.init)).joined(separator: "/")
            if let text = readText("\(directory)/\(file)") { found.append(text) }
            if levels.popLast() == nil { return found }
        }
    }

    /// The CPUs of a list such as `0-3,8`.
    static func countCPUs(_ list: String) -> Int {
        trimmed(list).split(separator: ",").reduce(0) { count, item in
            let ends = item.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, last >= first else { return count }
            return count + last - first + 1
        }
    }

    private static func trimmed(_ text: String) -> String {
        String(text.filter { !$0.isWhitespace })
    }
}

/// The start of a small file, as procfs and cgroupfs have them; nil when it cannot be read.
func readText(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, count in
        count = unsafe max(0, read(descriptor, buffer.baseAddress, buffer.count))
    }
    return String(decoding: bytes, as: UTF8.self)
}
