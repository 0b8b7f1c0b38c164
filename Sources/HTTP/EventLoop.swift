// The one queue that owns every connection, and the few ways to get onto it.

import Dispatch

/// A serial queue with the buffer that all its connections read through.
final class EventLoop: Sendable {
    private let queue = DispatchQueue(label: "http", qos: .userInitiated)

    /// Runs the closure on the loop, after whatever runs there now.
    func run(_ body: @escaping @Sendable () -> Void) {
        queue.async(execute: body)
    }

    /// Traps anywhere but on the loop.
    func assertIsCurrent() {
        dispatchPrecondition(condition: .onQueue(queue))
    }

    /// A source that fires while there is something to read, or the end, or an error.
    ///
    /// - Parameter cancelled: called once the source lets go of the descriptor's owner.
    func readSource(
        _ descriptor: Int32, keeping owner: AnyObject, handler: @escaping () -> Void,
        cancelled: @escaping () -> Void = {}
    ) -> LoopSource {
        LoopSource(
            DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue),
            keeping: owner, handler: handler, cancelled: cancelled)
    }

    /// A source that fires while there is room to write, or an error.
    func writeSource(
        _ descriptor: Int32, keeping owner: AnyObject, handler: @escaping () -> Void
    ) -> LoopSource {
        LoopSource(
            DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue),
            keeping: owner, handler: handler)
    }

    /// A timer that fires once at each time it is set to.
    func timer(handler: @escaping () -> Void) -> LoopTimer {
        LoopTimer(DispatchSource.makeTimerSource(queue: queue), handler: handler)
    }
}

/// A Dispatch source that may be paused, and that can be cancelled in either state.
///
/// Dispatch traps when a suspended source is released, and needs the descriptor to stay open until
/// the cancel handler ran: `owner`, which holds the descriptor, is kept until then.
final class LoopSource {
    private let source: any DispatchSourceProtocol
    private var isPaused = false

    fileprivate init(
        _ source: any DispatchSourceProtocol, keeping owner: AnyObject,
        handler: @escaping () -> Void, cancelled: @escaping () -> Void = {}
    ) {
        self.source = source
        source.setEventHandler(handler: handler)
        source.setCancelHandler { withExtendedLifetime(owner) { cancelled() } }
        source.activate()
    }

    func pause() {
        guard !isPaused else { return }
        isPaused = true
        source.suspend()
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        source.resume()
    }

    /// Must be called before the source is released.
    func cancel() {
        source.cancel()
        resume()
    }
}

/// A one-shot timer on the monotonic clock.
final class LoopTimer {
    private let source: any DispatchSourceTimer

    fileprivate init(_ source: any DispatchSourceTimer, handler: @escaping () -> Void) {
        self.source = source
        source.setEventHandler(handler: handler)
        source.schedule(deadline: .distantFuture)
        source.activate()
    }

    func set(after delay: Duration) {
        let (seconds, attoseconds) = delay.components
        let nanoseconds = max(0, seconds) * 1_000_000_000 + max(0, attoseconds / 1_000_000_000)
        source.schedule(deadline: .now() + .nanoseconds(Int(nanoseconds)))
    }

    func cancel() {
        source.cancel()
    }
}

/// A value that belongs to the loop and is carried, unopened, through other threads.
///
/// Sendable because `value` can only be reached on the loop's queue, which is serial.
struct LoopBound<Value>: @unchecked Sendable {
    private let loop: EventLoop
    private let bound: Value

    init(_ value: Value, to loop: EventLoop) {
        self.loop = loop
        bound = value
    }

    var value: Value {
        loop.assertIsCurrent()
        return bound
    }
}
