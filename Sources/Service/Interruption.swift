import Dispatch
import Glibc
import Synchronization

/// Whether the process was asked to end, by Ctrl-C or `kill`, for work that then ends by itself. Asked
/// twice it ends at once.
public final class Interruption: @unchecked Sendable {
    private let first: FirstSignal
    // Unchecked for their sake: they are kept, and nobody touches them again.
    private let sources: [any DispatchSourceSignal]

    /// Takes SIGINT and SIGTERM from here on.
    public init() {
        let queue = DispatchQueue(label: "styleloss.interruption")
        let first = FirstSignal()
        self.first = first
        sources = [SIGINT, SIGTERM].map { number in
            Signals.source(number, on: queue) { first.set(number) }
        }
    }

    /// Whether it was.
    public var isAsked: Bool { first.number != 0 }

    /// The exit status for that.
    public var status: ExitStatus { first.number == SIGTERM ? .terminated : .interrupted }
}

private final class FirstSignal: Sendable {
    private let value = Atomic<Int32>(0)

    var number: Int32 { value.load(ordering: .relaxed) }

    func set(_ number: Int32) {
        guard value.compareExchange(expected: 0, desired: number, ordering: .relaxed).exchanged
        else { _exit(128 + number) }
    }
}
