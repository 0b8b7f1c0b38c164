import Codecs
import Foundation
import Inference
import Service
import TestSupport
import Testing

/// Losses that a request defines itself.
struct OwnLossTests {
    let service: RunningService

    init() throws { service = try RunningService.shared.get() }

    private func post(_ options: [String: Any], query: String = "") throws -> ClientResponse {
        var form = Sample.pair()
        let json = try JSONSerialization.data(withJSONObject: options)
        form.add("options", "application/json", Array(json))
        return try service.post("/v1/losses\(query)", form)
    }

    /// Everything of the results but whether the target was seen before.
    private func numbers(_ response: ClientResponse) throws -> String {
        try #require(response.results, "\(response.text)").replacingOccurrences(
            of: "\"target_cached\":true", with: "\"target_cached\":false")
    }

    @Test(arguments: [false, true])
    func `a preset as it is printed, sent back, gives the same bits`(mask: Bool) throws {
        let answer = try JSON.parse(service.get("/v1/presets").body[...])
        guard case .array(let presets) = answer["presets"] else {
            Issue.record("no presets")
            return
        }
        for preset in presets {
            let name = preset["name"] ?? .null
            guard preset["network"]?["architecture"] != .string("vgg19") else { continue }
            let named = try post(["preset": name], mask: mask)
            let sent = try post(["loss": preset], mask: mask)
            guard named.status == 200 else {
                // Too small an image for the preset, and as much so for its definition.
                #expect(sent.code == named.code, "\(name)")
                continue
            }
            #expect(try numbers(sent) == numbers(named), "\(name)")
            #expect(try sent.json["preset"] is NSNull, "\(name)")
            #expect(sent.text.contains("\"loss\":{\"name\":"), "\(name)")
        }
    }

    // The members in their order, which decides the order of sums.
    private func post(_ options: JSON, mask: Bool) throws -> ClientResponse {
        var form = Sample.pair()
        if mask { form.add("mask", nil, Sample.png(5, colorType: 0)) }
        form.add("options", "application/json", options.encode())
        return try service.post("/v1/losses", form)
    }

    private static var gram: [String: Any] {
        [
            "key": "style", "weight": 2, "layers": ["relu1_1": 1, "pool1": 0.5],
            "statistic": ["kind": "gram", "normaliser": "hw"], "distance": ["kind": "squared"],
        ]
    }

    @Test func `terms are answered in the order of the definition`() throws {
        let loss: [String: Any] = [
            "name": "mine",
            "terms": [
                ["key": "zeta", "measure": "pixels", "distance": ["kind": "l1"]], Self.gram,
                ["key": "alpha", "measure": "variation", "variation": "nine_point"],
            ],
        ]
        let text = try post(["loss": loss]).text
        let places = ["\"zeta\":{", "\"style\":{", "\"alpha\":{"].map { key in
            text.range(of: key)?.lowerBound
        }
        #expect(places.allSatisfy { $0 != nil }, "\(text)")
        #expect(places.compactMap(\.self) == places.compactMap(\.self).sorted(), "\(text)")
    }

    @Test func `short options change a loss that was sent, and the answer says which`() throws {
        let response = try post(
            ["loss": ["terms": [Self.gram]]], query: "?style_layers=relu1_1&term_weights=style:7")
        #expect(response.text.contains(#""changed":["style_layers","term_weights"]"#))
        #expect(response.text.contains(#""style_layers":{"relu1_1":1}"#), "\(response.text)")
        #expect(response.text.contains(#""term_weights":{"style":7}"#))
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        let json: String
        let place: String
        var testDescription: String { place }

        init(_ place: String, _ json: String) { (self.place, self.json) = (place, json) }
    }

    @Test(arguments: [
        Fault("loss", "[]"), Fault("loss.terms", #"{"terms":[]}"#), Fault("loss.terms", "{}"),
        Fault("loss.terms[0].key", #"{"terms":[{"layers":{"pool1":1}}]}"#),
        Fault("loss.terms[0].key", #"{"terms":[{"key":"total","layers":{"pool1":1}}]}"#),
        Fault("loss.terms[0].layers", #"{"terms":[{"key":"a","layers":{}}]}"#),
        Fault("loss.terms[0].layers.pool1", #"{"terms":[{"key":"a","layers":{"pool1":"x"}}]}"#),
        Fault(
            "loss.terms[1].key",
            #"{"terms":[{"key":"a","layers":{"pool1":1}},{"key":"a","layers":{"pool1":1}}]}"#),
        Fault(
            "loss.terms[0].distance.kind",
            #"{"terms":[{"key":"a","layers":{"pool1":1},"distance":{"kind":"sqared"}}]}"#),
        Fault(
            "loss.terms[0].distance of a gaussian",
            #"{"terms":[{"key":"a","layers":{"pool1":1},"statistic":{"kind":"gaussian"}}]}"#),
        Fault("loss.network.padding", #"{"network":{"padding":"none"},"terms":[]}"#),
        Fault("loss.input.std", #"{"input":{"std":[1,1,0]},"terms":[]}"#),
        Fault(
            "loss has the member \"termz\"",
            #"{"terms":[{"key":"a","layers":{"pool1":1}}],"termz":[]}"#),
        Fault(
            "loss.terms[0].region",
            #"{"terms":[{"key":"a","layers":{"pool1":1},"region":"hole","statistic":{"kind":"mean"}}]}"#
        ),
        Fault(
            "loss.terms[0].region",
            #"{"terms":[{"key":"a","layers":{"pool1":1},"region":"hole","statistic":{"kind":"gram","patch":2}}]}"#
        ),
        Fault(
            "loss.terms[0].region",
            #"{"terms":[{"key":"a","layers":{"pool1":1},"region":"inside"}]}"#),
        Fault(
            "loss.terms[0].divisor",
            #"{"terms":[{"key":"a","layers":{"pool1":1},"region":"hole","divisor":"valid"}]}"#),
        Fault(
            "loss.terms[0].gradient_weight",
            #"{"terms":[{"key":"a","layers":{"pool1":1},"gradient_weight":"x"}]}"#),
        Fault(
            "loss.terms[0].subject",
            #"{"terms":[{"key":"a","measure":"pixels","subject":"hole"}]}"#),
    ])
    func `a wrong member is refused by its place`(fault: Fault) throws {
        let json = try JSONSerialization.jsonObject(with: Data(fault.json.utf8))
        let response = try post(["loss": json])
        #expect(response.status == 422 && response.code == "invalid_loss", "\(response.text)")
        let detail = try #require(try response.json["detail"] as? String)
        #expect(detail.hasPrefix(fault.place), "\(detail)")
    }

    @Test func `a term of a region is there with a mask alone, and has a gradient`() throws {
        let loss: JSON = [
            "terms": [
                [
                    "key": "style", "layers": ["pool1": 1], "statistic": ["kind": "gram"],
                    "region": "valid",
                ],
                ["key": "all", "layers": ["pool1": 1]],
            ]
        ]
        let masked = try post(["loss": loss], mask: true)
        #expect(masked.text.contains(#""style":{"loss":"#), "\(masked.text)")
        #expect(masked.text.contains(#""region":"valid""#), "\(masked.text)")
        let plain = try post(["loss": loss], mask: false)
        #expect(!plain.text.contains(#""style":{"loss":"#), "\(plain.text)")
        #expect(plain.text.contains("absent_terms"), "\(plain.text)")
        let ofStyle: JSON = ["loss": loss, "gradient": "output", "gradient_of": ["style"]]
        #expect(try post(ofStyle, mask: true).status == 200)
        let absent = try post(ofStyle, mask: false)
        #expect(absent.code == "invalid_option" && absent.text.contains("needs a mask"))
        let centred = try post(["loss": loss, "gram": "covariance"], mask: true)
        #expect(centred.code == "invalid_option" && centred.text.contains("regions"))
    }

    @Test func `the nearest name is named`() throws {
        for (query, name) in [
            ("preset=pcnov", "pconv"), ("gramm=raw", "gram"), ("layers=reul1_2", "relu1_2"),
            ("term_weights=stlye:1", "style"),
        ] {
            let response = try service.post("/v1/losses?\(query)", Sample.pair())
            #expect(response.text.contains("did you mean \(name)?"), "\(response.text)")
        }
    }

    @Test(arguments: [
        ("block1_conv2", "relu1_2"), ("block3_pool", "pool3"), ("features.14", "conv3_3"),
        ("features.15", "relu3_3"), ("features.16", "pool3"), ("16", "pool3"),
    ])
    func `names of other programs are refused with the name here`(alias: String, tap: String) throws
    {
        let response = try service.post("/v1/losses?layers=\(alias)", Sample.pair())
        #expect(response.code == "unknown_layer")
        #expect(response.text.contains(" is \(tap) here."), "\(response.text)")
    }

    @Test(arguments: [
        "term_weights=tv:1", "style_layers=&term_weights=style:1", "layers=",
        "style_layers=&perceptual_layers=",
    ])
    func `what is not there is not silently passed over`(query: String) throws {
        let response = try service.post("/v1/losses?\(query)", Sample.pair())
        #expect(response.code == "invalid_option", "\(response.text)")
    }

    @Test func `loss and preset, and an option with nothing to change, contradict`() throws {
        let both = try post(["loss": ["terms": [Self.gram]], "preset": "pconv"])
        #expect(both.code == "invalid_option", "\(both.text)")
        let pixels: [String: Any] = ["terms": [["key": "pixel", "measure": "pixels"]]]
        #expect(try post(["loss": pixels]).status == 200)
        #expect(try post(["loss": pixels, "gram": "raw"]).code == "invalid_option")
        let wrong = try post(["loss": ["network": ["architecture": "vgg19"], "terms": [Self.gram]]])
        #expect(wrong.code == "preset_unavailable" && wrong.text.contains("--weights"))
        let other = try post(
            ["loss": ["network": ["weights": "torchvision"], "terms": [Self.gram]]])
        #expect(other.text.contains(#""code":"other_weights""#), "\(other.text)")
    }
}
