import HTTP

/// A client that asks one question: does the service say that it is ready?
public enum HealthProbe {
    /// Whether `GET /readyz` is answered 200, no wait on the way longer than the time.
    ///
    /// - Parameter address: an address to listen on counts too: 0.0.0.0 and :: mean this machine.
    public static func isReady(
        _ address: ListenAddress, path: String = "/readyz", timeoutMs: Int = 3000
    ) -> Bool {
        do {
            var client = try HTTPClient(address, timeoutMs: timeoutMs)
            let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            return try client.exchange(Array(request.utf8)).status == 200
        } catch {
            return false
        }
    }
}
