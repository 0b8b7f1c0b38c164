import Glibc

/// The standard `process_*` families, read from procfs when asked.
enum ProcessMetrics {
    static func write(to text: inout PrometheusText) {
        // proc(5): the fields after the command's closing parenthesis begin with the third.
        guard let stat = readText("/proc/self/stat"), let close = stat.lastIndex(of: ")") else {
            return
        }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        func field(_ number: Int) -> Int {
            fields.indices.contains(number - 3) ? Int(fields[number - 3]) ?? 0 : 0
        }
        let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        text.single(
            "process_cpu_seconds_total", .counter, "User and system CPU time.",
            Double(field(14) + field(15)) / ticks)
        text.single(
            "process_resident_memory_bytes", .gauge, "Resident memory.",
            field(24) * sysconf(Int32(_SC_PAGESIZE)))
        text.single("process_virtual_memory_bytes", .gauge, "Virtual memory.", field(23))
        text.single("process_threads", .gauge, "Threads.", field(20))
        text.single(
            "process_start_time_seconds", .gauge, "Start of the process since the epoch.",
            bootTimeSeconds() + Double(field(22)) / ticks)
        text.single("process_open_fds", .gauge, "Open file descriptors.", openFileDescriptors())
        var limit = rlimit()
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            text.single(
                "process_max_fds", .gauge, "Most open file descriptors.",
                Int(clamping: limit.rlim_cur))
        }
    }

    /// The wall clock less the time since boot; both run on through a suspended machine.
    private static func bootTimeSeconds() -> Double {
        func seconds(_ clock: clockid_t) -> Double {
            var time = timespec()
            unsafe clock_gettime(clock, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        return seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME)
    }

    private static func openFileDescriptors() -> Int {
        guard let directory = unsafe opendir("/proc/self/fd") else { return 0 }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // Not the entries "." and "..", and not the descriptor this loop reads with.
        return max(0, count - 3)
    }
}
