import Service
import Testing

struct MediaTypeTests {
    private static let offers: [MediaType] = [.json, .safetensors, .npy]

    @Test(
        arguments: [
            (nil, MediaType.json), ("", .json), ("*/*", .json), ("application/*", .json),
            ("application/x-npy", .npy),
            ("application/safetensors;q=0.5, application/x-npy;q=0.4", .safetensors),
            ("application/json;q=0, */*", .safetensors), ("text/html, application/x-npy", .npy),
            ("application/x-safetensors", .safetensors), ("APPLICATION/JSON; q=1.0", .json),
            ("*/*;q=0.1, application/x-npy;q=0.2", .npy),
        ] as [(String?, MediaType)])
    func `chooses what the client likes best`(accept: String?, expected: MediaType) {
        #expect(MediaType.negotiate(accept: accept, offers: Self.offers) == expected)
    }

    @Test(arguments: ["text/html", "application/json;q=0", "image/*", "nonsense", "*/*;q=0"])
    func `finds nothing when nothing is accepted`(accept: String) {
        #expect(MediaType.negotiate(accept: accept, offers: [.json]) == nil)
    }

    @Test func `reads a Content-Type without its parameters and by its old names`() {
        #expect(MediaType(contentType: "Multipart/Form-Data; boundary=x") == .multipart)
        #expect(MediaType(contentType: "application/x-safetensors") == .safetensors)
        #expect(MediaType(contentType: "png") == nil)
        #expect(MediaType(contentType: "/") == nil)
        #expect(MediaType(contentType: " image/png\t;x") == .png)
    }

    /// Octets that are no token are no type, however many there are: nothing compares them as text.
    @Test(arguments: ["\u{301}\u{323}", "\u{1F1E6}", "e\u{301}", " ", "a"])
    func `takes 32 KB of anything as bytes`(piece: String) {
        let text = String(repeating: piece, count: (32 << 10) / piece.utf8.count)
        #expect(MediaType(contentType: text) == nil)
        #expect(MediaType(contentType: "image/" + text) == nil)
        #expect(MediaType(contentType: text + "/png; " + text) == nil)
        let accept = "\(text)/*, \(text);q=\(text), image/png;q=0.1;\(text)"
        #expect(MediaType.negotiate(accept: accept, offers: [.json, .png]) == .png)
    }

    @Test(
        arguments: [
            ("image/png;q=0.001", true), ("image/png;q=1.000", true), ("image/png;q=0", false),
            ("image/png;q=1.0000", false), ("image/png;q=2", false), ("image/png;q=-1", false),
            ("image/png;q=nan", false), ("image/png;q=", false), ("image/png; Q=0.5", true),
        ])
    func `reads weights of RFC 9110`(accept: String, isAccepted: Bool) {
        #expect(MediaType.negotiate(accept: accept, offers: [.png]) == (isAccepted ? .png : nil))
    }
}
