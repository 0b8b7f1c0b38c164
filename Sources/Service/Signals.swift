import Dispatch
import Glibc

/// What the process does about signals: those that ask for something are delivered to a queue,
/// those that mean nothing to a service are ignored instead of ending it, as they would by default
/// (signal(7)).
enum Signals {
    /// SIGQUIT, SIGXCPU and the faults keep their meaning; SIGKILL and SIGSTOP cannot be asked.
    private static let meaningless =
        [
            SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT,
        ] + Array(__libc_current_sigrtmin()...__libc_current_sigrtmax())

    /// To be called before there are threads or clients.
    static func ignoreMeaningless() {
        for number in meaningless { signal(number, SIG_IGN) }
    }

    /// Ignores a signal and hands it to a queue instead. Cancelling the source leaves it ignored.
    static func source(
        _ number: Int32, on queue: DispatchQueue, handler: @escaping () -> Void
    ) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
        source.setEventHandler(handler: handler)
        source.activate()
        return source
    }
}
