import Codecs
import Crypto
import Foundation
import Service
import TestSupport
import Testing

struct TargetsTests {
    private func digest(_ bytes: [UInt8]) -> String {
        "sha256:" + SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
    }

    private func put(_ service: RunningService, _ bytes: [UInt8], _ name: String? = nil) throws
        -> ClientResponse
    {
        try service.send(
            "PUT", "/v1/targets/\(name ?? digest(bytes))", [("Content-Type", "image/png")], bytes)
    }

    @Test func `keeps a target until it is deleted`() throws {
        let service = try RunningService()
        let target = Sample.png(40)
        let path = "/v1/targets/\(digest(target))"
        #expect(try service.get(path).code == "target_not_found")
        let stored = try put(service, target)
        #expect(stored.status == 201, "\(stored.text)")
        let expected =
            #"{"digest":"\#(digest(target))","bytes":\#(target.count),"type":"image/png","shape":[16,20,3]}"#
        #expect(stored.text == expected + "\n")
        #expect(try put(service, target).status == 200)
        let kept =
            expected.dropLast() + #","kept":{"bytes":\#(target.count),"statistics":0}}"# + "\n"
        #expect(try service.get(path).text == kept)
        #expect(try service.send("HEAD", path).status == 200)
        #expect(try service.send("DELETE", path).status == 204)
        #expect(try service.send("DELETE", path).code == "target_not_found")
    }

    @Test func `gives the same losses for a reference as for the bytes, and says what was cached`()
        throws
    {
        let service = try RunningService()
        let target = Sample.png(41)
        _ = try put(service, target)
        let inline = try service.post("/v1/losses?layers=pool1", Sample.pair(1, 41))
        var form = Form(("output", nil, Sample.png(1)))
        form.add("target_ref", nil, Array(digest(target).utf8))
        let reference = try service.post("/v1/losses?layers=pool1", form)
        #expect(
            inline.text.contains(#""target_digest":"\#(digest(target))","target_cached":false"#),
            "\(inline.text)")
        #expect(reference.text.contains(#""target_cached":true"#), "\(reference.text)")
        let fresh = inline.results?.replacingOccurrences(of: "false", with: "true")
        #expect(fresh == reference.results)
        // Another layer's statistics are computed.
        #expect(
            try service.post("/v1/losses?layers=relu1_1", form).text.contains(
                #""target_cached":false"#))
        #expect(try service.metric("styleloss_target_cache_hits_total") == 1)
        #expect(try service.metric("styleloss_target_cache_partial_hits_total") == 1)
        #expect(try service.metric("styleloss_target_cache_misses_total") == 1)
    }

    // Products at four layers and features at relu3_3; of these, two metrics need relu3_3 alone.
    @Test func `presets share the statistics of a target, by layer and kind`() throws {
        let service = try RunningService()
        let target = Sample.png(49)
        #expect(try put(service, target).status == 201)
        var form = Form(("output", nil, Sample.png(1)))
        form.add("target_ref", nil, Array(digest(target).utf8))
        for (preset, isCached) in [
            ("johnson", false), ("piq-style", true), ("piq-content", true), ("johnson-mean", false),
        ] {
            let fresh = try service.post("/v1/losses?preset=\(preset)", Sample.pair(1, 49))
            let answer = try RunningService.shared.get().post(
                "/v1/losses?preset=\(preset)", Sample.pair(1, 49))
            #expect(fresh.text.contains("\"target_cached\":\(isCached)"), "\(fresh.text)")
            let cached = try service.post("/v1/losses?preset=\(preset)", form)
            #expect(cached.text.contains(#""target_cached":true"#), "\(cached.text)")
            func losses(_ answer: ClientResponse) -> String? {
                answer.results?.replacingOccurrences(of: "false", with: "true")
            }
            #expect(losses(fresh) == losses(cached) && losses(answer) == losses(cached))
        }
        #expect(try service.metric("styleloss_target_cache_misses_total") == 1)
        #expect(try service.metric("styleloss_target_cache_partial_hits_total") == 1)
        #expect(try service.metric("styleloss_target_cache_hits_total") == 6)
        #expect(
            try service.get("/v1/targets/\(digest(target))").text.contains(#""statistics":9}"#))
    }

    @Test func `computes the composite from a cached target as from a new one`() throws {
        let service = try RunningService()
        var form = Sample.pair(1, 42)
        form.add("mask", nil, Sample.png(3, colorType: 0))
        let answers = try (0..<2).map { _ in try service.post("/v1/losses?layers=pool1", form) }
        #expect(answers[1].text.contains(#""target_cached":true"#))
        #expect(
            answers[0].results?.replacingOccurrences(of: "false", with: "true")
                == answers[1].results)
    }

    @Test func `warns of the alpha of a target that is cached as of a new one`() throws {
        let service = try RunningService()
        let target = Sample.png(43, colorType: 6)
        let form = Form(("output", nil, Sample.png(1)), ("target", nil, target))
        for isCached in [false, true] {
            let answer = try service.post("/v1/losses?layers=pool1", form)
            #expect(answer.text.contains("\"target_cached\":\(isCached)"), "\(answer.text)")
            let warnings = try #require(try answer.json["warnings"] as? [[String: Any]])
            #expect(warnings.last?["code"] as? String == "alpha_dropped")
        }
    }

    /// An array of (3, 16, 3) may be 3 channels of 16x3 or 3x16 pixels of 3 channels.
    @Test func `keeps the meaning a target was registered with`() throws {
        let service = try RunningService("--min-image-side=3")
        let values = Sample.floats(3 * 16 * 3, 44)
        let target = NPY.encode(shape: [3, 16, 3], float32: values)
        let path = "/v1/targets/\(digest(target))"
        func put(_ query: String) throws -> ClientResponse {
            try service.send(
                "PUT", "\(path)?\(query)", [("Content-Type", "application/x-npy")], target)
        }
        #expect(try put("layout=chw&range=0..1").status == 201)
        #expect(try put("layout=chw&range=0..1").status == 200)

        func losses(_ query: String, _ output: [UInt8]) throws -> ClientResponse {
            let form = Form(
                ("output", nil, output), ("target_ref", nil, Array(digest(target).utf8)))
            return try service.post("/v1/losses?layers=relu1_1&\(query)", form)
        }
        // One order of channels, with n or without, is no contradiction; the answer has the
        // request's name for it, else the target's.
        let one = Sample.npy([3, 16, 3], uint8: [UInt8](repeating: 9, count: 144))
        let two = Sample.npy([2, 3, 16, 3], uint8: [UInt8](repeating: 9, count: 288))
        let png = Sample.png(1, width: 3, height: 16)
        for (query, output, layout) in [
            ("layout=chw", one, "chw"), ("layout=nchw", two, "nchw"), ("", png, "chw"),
        ] {
            let answer = try losses(query, output)
            #expect(
                answer.text.contains("\"layout\":\"\(layout)\",\"range\":\"0..1\""),
                "\(answer.text)")
        }
        for query in ["layout=hwc", "layout=chw&range=0..255"] {
            #expect(try losses(query, one).code == "invalid_option")
        }
        // Another meaning is another target: the first stays what it was, and who does not say
        // which one is meant is asked.
        #expect(try put("layout=hwc&range=0..1").status == 201)
        #expect(try losses("layout=chw", one).status == 200)
        #expect(try losses("", png).code == "missing_option")
        #expect(try service.get(path).code == "missing_option")
        #expect(try service.get("\(path)?layout=hwc").status == 200)
        #expect(try service.send("DELETE", path).status == 204)
        #expect(try service.get(path).code == "target_not_found")
    }

    @Test func `finds what was sent in a request by its digest`() throws {
        let service = try RunningService()
        let target = Sample.png(46)
        let path = "/v1/targets/\(digest(target))"
        let inline = try service.post("/v1/losses?layers=pool1", Sample.pair(1, 46))
        #expect(inline.text.contains(digest(target)))
        #expect(
            try service.get(path).text.hasSuffix(
                #""kept":{"bytes":\#(target.count),"statistics":2}}"# + "\n"))
        var form = Form(("output", nil, Sample.png(1)))
        form.add("target_ref", nil, Array(digest(target).utf8))
        // What is known already, and what has to be computed from the bytes.
        for layer in ["pool1", "relu1_1"] {
            let reference = try service.post("/v1/losses?layers=\(layer)", form)
            #expect(reference.status == 200, "\(reference.text)")
        }
        #expect(try service.get(path).text.contains(#""statistics":4"#))
        #expect(try service.send("DELETE", path).status == 204)
        #expect(try service.post("/v1/losses?layers=pool1", form).code == "target_not_found")
        #expect(try service.metric("styleloss_target_cache_entries") == 0)
    }

    @Test func `says that statistics only are kept when the bytes are too many`() throws {
        // A quarter of the cache is the most for one: enough for 512 x 2 x 2 floats of pool5, not
        // for the bytes.
        let service = try RunningService("--target-cache-bytes=40000")
        let target = Sample.png(47, width: 64, height: 64)
        #expect(target.count > 10_000)
        let path = "/v1/targets/\(digest(target))"
        let losses = "/v1/losses?style_layers=&perceptual_layers=pool5"
        let output = Sample.png(1, width: 64, height: 64)
        let inline = try service.post(
            losses, Form(("output", nil, output), ("target", nil, target)))
        #expect(inline.status == 200, "\(inline.text)")
        #expect(
            try service.get(path).text
                == #"{"digest":"\#(digest(target))","kept":{"statistics":1}}"# + "\n")
        var form = Form(("output", nil, output))
        form.add("target_ref", nil, Array(digest(target).utf8))
        let refusal = try service.post(losses, form)
        #expect(refusal.code == "target_not_found")
        #expect(refusal.text.contains("statistics only"), "\(refusal.text)")
        #expect(try service.send("DELETE", path).status == 204)
        #expect(try service.get(path).status == 404)
    }

    @Test func `keeps what one key sent from all others`() throws {
        let file = NSTemporaryDirectory() + "keys-" + UUID().uuidString
        let keys = ["alice", "bob"].map { "\($0)-0123456789abcdef" }
        try Data("alice:\(keys[0])\nbob:\(keys[1])\n".utf8).write(to: URL(fileURLWithPath: file))
        let service = try RunningService("--api-keys-file=\(file)")
        let target = Sample.png(48)
        let path = "/v1/targets/\(digest(target))"
        func send(_ method: String, _ path: String, by user: Int, _ type: String, _ body: [UInt8])
            throws -> ClientResponse
        {
            try service.send(
                method, path,
                [("Authorization", "Bearer \(keys[user])"), ("Content-Type", type)], body)
        }
        let pair = Sample.pair(1, 48)
        for user in 0..<2 {
            // Not found and not cached, whatever the other has sent.
            #expect(try send("GET", path, by: user, "", []).code == "target_not_found")
            let answer = try send(
                "POST", "/v1/losses?layers=pool1", by: user, pair.contentType, pair.body)
            #expect(answer.text.contains(#""target_cached":false"#), "\(answer.text)")
            #expect(try send("PUT", path, by: user, "image/png", target).status == 200)
        }
        #expect(try send("DELETE", path, by: 0, "", []).status == 204)
        #expect(try send("GET", path, by: 0, "", []).status == 404)
        #expect(try send("GET", path, by: 1, "", []).status == 200)
    }

    @Test func `takes options that decide nothing of a PNG`() throws {
        let service = try RunningService()
        let target = Sample.png(45)
        for (query, status) in [("", 201), ("?layout=chw", 200), ("?range=0..1", 200)] {
            let stored = try service.send(
                "PUT", "/v1/targets/\(digest(target))\(query)", [("Content-Type", "image/png")],
                target)
            #expect(stored.status == status, "\(stored.text)")
        }
    }

    @Test func `drops the least recently used and never refuses`() throws {
        let service = try RunningService("--target-cache-bytes=8000")
        let targets = (50..<54).map { Sample.png($0) }
        for target in targets { #expect(try put(service, target).status == 201) }
        #expect(try service.get("/v1/targets/\(digest(targets[0]))").status == 404)
        #expect(try service.get("/v1/targets/\(digest(targets[3]))").status == 200)
        #expect(try service.metric("styleloss_target_cache_evictions_total") ?? 0 >= 1)
        #expect(try service.metric("styleloss_target_cache_size_bytes") ?? .infinity <= 8000)
    }

    @Test func `refuses bytes that are not what the path names, or no target at all`() throws {
        let service = try RunningService("--target-cache-bytes=3000")
        let target = Sample.png(60)
        let other = digest(Sample.png(61))
        #expect(try put(service, target, other).code == "digest_mismatch")
        #expect(try put(service, target, "sha256:abc").code == "bad_request")
        let cut = Array(target.dropLast(30))
        #expect(try put(service, cut).code == "invalid_image")
        let large = Sample.png(1, width: 40, height: 40)
        let refusal = try put(service, large)
        #expect(refusal.status == 413)
        #expect(try refusal.json["option"] as? String == "target-cache-bytes")
    }
}
