import Foundation
import Service
import TestSupport
import Testing

/// Targets of one kind of term, and several that are blended.
struct SeveralTargetsTests {
    let service: RunningService
    private let path = "/v1/losses?layers=relu1_1,pool1"

    init() throws { service = try RunningService.shared.get() }

    private func terms(_ response: ClientResponse) throws -> [String: Double] {
        let results = try #require(
            try response.json["results"] as? [[String: Any]], "\(response.text)")
        return results[0].compactMapValues { ($0 as? [String: Any])?["loss"] as? Double }
    }

    private func form(_ parts: (String, Int)...) -> Form {
        var form = Form(("output", nil, Sample.png(1)))
        for (name, seed) in parts { form.add(name, nil, Sample.png(seed)) }
        return form
    }

    @Test func `style from one image beside content from another has the bits of each alone`()
        throws
    {
        let style = try terms(service.post(path, form(("target", 2))))
        let content = try terms(service.post(path, form(("target", 3))))
        let expected = ["style": style["style"], "perceptual": content["perceptual"]]
        for form in [
            form(("style_target", 2), ("perceptual_target", 3)),
            form(("target", 3), ("style_target", 2)), form(("target", 2), ("perceptual_target", 3)),
        ] {
            #expect(try terms(service.post(path, form)) == expected.compactMapValues(\.self))
        }
    }

    @Test func `a blend of one target is that target, and of two lies between`() throws {
        let alone = try terms(service.post(path, form(("target", 2))))
        let one = try service.post(
            path + "&target_weights=1,0",
            form(("target", 2), ("style_target", 2), ("style_target", 3)))
        let (style, blended) = (alone["style"] ?? .nan, try terms(one)["style"] ?? .nan)
        #expect(abs(blended / style - 1) < 1e-12)
        // Of itself and another, half the difference of the two: the matrices are linear.
        let half = try service.post(
            path + "&target_weights=5,5",
            form(("target", 2), ("style_target", 1), ("style_target", 2)))
        #expect(abs((try terms(half)["style"] ?? .nan) / style - 0.5) < 1e-12)
    }

    @Test func `what does not fit together is refused`() throws {
        func code(_ query: String, _ form: Form) throws -> String? {
            try service.post(path + query, form).code
        }
        #expect(try code("", form(("style_target", 2))) == "missing_input")
        #expect(try code("&target_weights=1", form(("target", 2))) == "invalid_option")
        #expect(
            try code("&target_weights=1,2", form(("target", 2), ("style_target", 2)))
                == "invalid_option")
        #expect(
            try code("&style_layers=", form(("target", 2), ("style_target", 2))) == "bad_request")
        #expect(
            try code("", form(("target", 2), ("style_target", 2), ("style_target", 3)))
                == "shape_mismatch")
    }
}
