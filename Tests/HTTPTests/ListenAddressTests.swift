// Listen addresses as text.

import HTTP
import Testing

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:8080", ListenAddress.tcp(host: "127.0.0.1", port: 8080)),
        ("[::1]:0", .tcp(host: "::1", port: 0)),
        ("localhost:65535", .tcp(host: "localhost", port: 65535)),
        ("unix:/run/x.sock", .unix(path: "/run/x.sock")),
    ])
    func `reads what it prints`(text: String, address: ListenAddress) throws {
        #expect(try ListenAddress(parsing: text) == address)
        #expect(address.description == text)
    }

    @Test(arguments: ["", "8080", "host", ":80", "h:", "h:x", "h:-1", "h:65536", "::1:80", "unix:"])
    func `refuses other text`(text: String) {
        #expect(throws: SocketError.invalidAddress(text)) { try ListenAddress(parsing: text) }
    }
}
