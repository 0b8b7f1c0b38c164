/// The table of settings. Nothing that grows in this service lacks a line here.
extension Configuration {
    /// Every setting, in the order `--help` shows them.
    public static let settings: [SettingRow] = [
        row(.listen), row(.unixSocketMode), row(.weights), row(.preprocessing),
        row(.instructionSet), row(.workers),
        row(.maxBodyBytes), row(.maxImagePixels), row(.minImageSide), row(.maxPairsPerRequest),
        row(.maxMemoryBytes), row(.queueJobs), row(.queueBytes), row(.maxAnswerBytes),
        row(.targetCacheBytes), row(.bufferPoolBytes),
        row(.apiKeysFile), row(.metricsNeedKey), row(.allowedHosts), row(.crossOrigins),
        row(.maxConnections), row(.reservedConnections), row(.maxHeaderBytes), row(.maxHeaders),
        row(.maxURIBytes),
        row(.requestTimeoutMs), row(.headerTimeoutMs), row(.bodyIdleTimeoutMs),
        row(.keepaliveTimeoutMs), row(.writeTimeoutMs), row(.minBytesPerSecond), row(.paceGraceMs),
        row(.lingerTimeoutMs), row(.lingerIdleTimeoutMs), row(.lingerBytes), row(.drainDelayMs),
        row(.shutdownGraceMs),
        row(.logFormat), row(.logLevel), row(.logBufferBytes),
    ]

    /// Those that matter without a server.
    public static let engineSettings: [SettingRow] = [
        row(.weights), row(.preprocessing), row(.instructionSet), row(.workers),
        row(.maxImagePixels), row(.minImageSide), row(.maxPairsPerRequest), row(.maxMemoryBytes),
    ]

    /// The one of where a client or a probe connects.
    public static let listenSetting = row(.listen)

    private static func row<Value>(_ setting: Setting<Value>) -> SettingRow { setting.row }

    /// The table of the README: one row a setting.
    public static var markdownTable: String {
        let rows = settings.map { "| `\($0.key)` | \($0.defaultDescription) | \($0.help) |" }
        return (["| option | default | |", "|---|---|---|"] + rows).joined(separator: "\n")
    }
}
