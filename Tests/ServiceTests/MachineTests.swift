import Foundation
import Service
import Testing

struct MachineTests {
    /// A tree of small files in a temporary directory.
    private func tree(_ files: [String: String]) throws -> String {
        let root = NSTemporaryDirectory() + "styleloss-" + UUID().uuidString
        for (path, text) in files {
            let url = URL(fileURLWithPath: root + "/" + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: url, atomically: false, encoding: .utf8)
        }
        return root
    }

    @Test func `sees at least one processor and some memory here`() {
        let machine = Machine.current()
        #expect(machine.effectiveCPUs >= 1)
        #expect(machine.memoryBytes > 1 << 20)
    }

    @Test func `takes the least limit of version 2 on the way to the root`() throws {
        let root = try tree([
            "a/b/cpu.max": "250000 100000\n", "a/cpu.max": "max 100000\n",
            "a/memory.max": "1000000\n",
            "a/b/memory.max": "max\n", "a/b/cpuset.cpus.effective": "0-2,8\n",
        ])
        let files = ControlGroupFiles(root: root, membership: "0::/a/b\n")
        #expect(files.quotaCPUs() == 2)
        #expect(files.memoryLimitBytes() == 1_000_000)
        #expect(files.cpusetCPUs() == 4)
    }

    @Test func `reads the controllers of version 1`() throws {
        let root = try tree([
            "cpu/x/cpu.cfs_quota_us": "50000\n", "cpu/x/cpu.cfs_period_us": "100000\n",
            "memory/x/memory.limit_in_bytes": "9223372036854771712\n",
            "memory/memory.limit_in_bytes": "77\n",
            "cpuset/x/cpuset.cpus": "1\n",
        ])
        let files = ControlGroupFiles(
            root: root, membership: "3:cpu,cpuacct:/x\n4:memory:/x\n5:cpuset:/x\n")
        #expect(files.quotaCPUs() == 1)
        #expect(files.memoryLimitBytes() == 77)
        #expect(files.cpusetCPUs() == 1)
    }

    @Test func `has no limit where nothing says so`() throws {
        let files = ControlGroupFiles(root: try tree([:]), membership: "garbage\n0::/\n")
        #expect(files.quotaCPUs() == nil)
        #expect(files.memoryLimitBytes() == nil)
        #expect(files.cpusetCPUs() == nil)
    }
}
