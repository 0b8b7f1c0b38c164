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
    }
}
