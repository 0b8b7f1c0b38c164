// Request targets: four forms, decoded once.

import HTTP
import HTTPTypes
import Testing

@Suite struct RequestTargetTests {
    @Test(arguments: [
        ("/", "/", "/"),
        ("/a%20b/%C3%a9?x", "/a%20b/%C3%a9?x", "/a b/%C3%A9"),
        ("/../%2e%2e", "/../%2e%2e", "/../.."),
        ("//x", "//x", "//x"),
        ("http://h", "/", "/"),
        ("HTTP://[::1]:80/p?q=1", "/p?q=1", "/p"),
        ("https://h?q=1", "/?q=1", "/"),
    ])
    func `reads origin and absolute form`(target: String, origin: String, path: String) throws {
        let parsed = try RequestTarget(parsing: Array(target.utf8), method: .get)
        #expect(parsed.originForm == origin)
        #expect(parsed.path == path)
    }

    @Test func `reads query parameters in order`() throws {
        let target = "/p?b=1&a=%26+%2B&b=2=3&&c&=d&%cc%81=x%CC%81"
        let parsed = try RequestTarget(parsing: Array(target.utf8), method: .get)
        let pairs = parsed.query.map { "\($0.name)|\($0.value)" }
        #expect(pairs == ["b|1", "a|& +", "b|2=3", "c|", "|d", "%CC%81|x%CC%81"])
    }

    @Test func `reads asterisk and authority form for their methods`() throws {
        #expect(try RequestTarget(parsing: Array("*".utf8), method: .options).path == "*")
        let connect = try RequestTarget(parsing: Array("h:443".utf8), method: .connect)
        #expect(connect.authority == "h:443")
    }

    @Test(arguments: [
        "*", "x", "h:443", "ftp://h/", "http:/h/", "http:///p", "http://u@h/", "/%zz", "/%a", "/%",
        "/%00", "/%ff", "/a#b", "/a\\b", "/é", "/?%zz", "/?a=%00",
    ])
    func `refuses what is none of them`(target: String) {
        #expect(throws: HTTPProtocolError.self) {
            try RequestTarget(parsing: Array(target.utf8), method: .get)
        }
    }
}
