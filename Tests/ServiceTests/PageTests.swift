import Foundation
import Service
import Testing

/// The page at `/`: who gets it, what it is made of, and what it may do.
struct PageTests {
    let service: RunningService

    init() throws { service = try RunningService.shared.get() }

    @Test(arguments: [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("text/html", "text/html"), ("*/*", "application/json"), ("", "application/json"),
        ("application/json, text/html;q=0.9", "application/json"),
        ("text/html;q=0, */*", "application/json"), ("image/png", "application/json"),
    ])
    func `is for browsers, JSON for all others`(accept: String, type: String) throws {
        let response = try service.send("GET", "/", [("Accept", accept)])
        #expect(response.status == 200)
        #expect(response["content-type"]?.hasPrefix(type) == true)
        #expect(response["vary"] == "Accept")
    }

    @Test(arguments: [
        ("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript"),
    ])
    func `may ask this service only and run its own script only`(
        path: String, type: String
    ) throws {
        let response = try service.send("GET", path, [("Accept", "text/html")])
        #expect(response["content-type"] == "\(type); charset=utf-8")
        #expect(response["x-content-type-options"] == "nosniff")
        let policy = try #require(response["content-security-policy"])
        #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self'"))
        #expect(!policy.contains("unsafe"))
    }

    @Test func `names no other host, no inline script, style or handler`() throws {
        let html = try service.send("GET", "/", [("Accept", "text/html")]).text
        #expect(html.contains("<script src=\"page.js\" type=\"module\"></script>"))
        #expect(html.components(separatedBy: "<script").count == 2)
        for forbidden in ["<style", " style=", " onclick=", " onload=", "https://"] {
            #expect(!html.contains(forbidden), "\(forbidden)")
        }
        for file in ["/page.css", "/page.js"] {
            let text = try service.get(file).text
            #expect(!text.contains("http:") && !text.contains("https:"), "\(file)")
            #expect(!text.contains("innerHTML"), "\(file)")
        }
    }

    /// The scripts are one module, in the order of resources.c: each of them is in it.
    @Test func `is served whole`() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/CResources/page")
        let served = try service.get("/page.js").text
        let scripts = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".js") }
        #expect(scripts.count > 1)
        for name in scripts {
            let text = try String(
                contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            #expect(served.contains(text), "\(name)")
        }
    }
}
