import Logging

/// What is written to standard error.
extension Setting where Value == LineLogHandler.Format? {
    static var logFormat: Self {
        .choice(
            "log-format", default: "text on a terminal, else json",
            "Lines for people (text) or for machines (json), on standard error")
    }
}

extension Setting where Value == Logger.Level {
    static var logLevel: Self {
        .choice(
            "log-level", default: .info,
            "Least severity that is logged; a request is one info line, a probe that succeeds one of "
                + "debug")
    }
}

extension Setting where Value == Int {
    static var logBufferBytes: Self {
        .bytes(
            "log-buffer-bytes", default: 1 << 20,
            "Log lines that wait for a slow reader; beyond it lines are dropped and counted")
    }
}
