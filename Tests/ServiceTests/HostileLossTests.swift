import Codecs
import Service
import TestSupport
import Testing

/// Definitions of losses that stopped the process, or held a worker.
struct HostileLossTests {
    let service: RunningService

    init() throws { service = try RunningService.shared.get() }

    private static let patches =
        #"{"key":"a","layers":{"relu1_1":1},"statistic":{"kind":"gram","patch":8}}"#

    private func post(_ options: String, _ output: [UInt8], _ target: [UInt8]) throws
        -> ClientResponse
    {
        var form = Form(("output", "image/png", output), ("target", "image/png", target))
        form.add("options", "application/json", Array(options.utf8))
        return try service.post("/v1/losses", form)
    }

    @Test(arguments: [
        "{\"loss\":{\"terms\":[\(patches)]}}", #"{"preset":"enhancenet"}"#,
    ])
    func `matrices of patches are not compared with more or fewer`(options: String) throws {
        let response = try post(
            options, Sample.png(1, width: 64, height: 64), Sample.png(2, width: 80, height: 64))
        // A preset of VGG-19 is refused for its network first.
        #expect(response.status == 422)
        let codes = ["shape_mismatch", "preset_unavailable"]
        #expect(codes.contains(response.code ?? ""), "\(response.text)")
    }

    @Test(arguments: ["covariance", "correlation"])
    func `matrices of patches are not centred by an option either`(gram: String) throws {
        let image = Sample.png(1, width: 32, height: 32)
        let response = try post(
            "{\"loss\":{\"terms\":[\(Self.patches)]},\"gram\":\"\(gram)\"}", image, image)
        #expect(response.status == 422)
        #expect(response.code == "invalid_option", "\(response.text)")
    }

    @Test(arguments: [
        #"{"loss":{"terms":[{"key":"a","measure":"pixels"}]},"term_weights":{"a":1e305}}"#,
        """
        {"loss":{"input_scale":999999,"terms":[{"key":"a","weight":1e299,"measure":"pixels",\
        "unit":"input","distance":{"kind":"squared"}}]}}
        """,
    ])
    func `a weight of any size is echoed as it is in force`(options: String) throws {
        let image = Sample.png(1, width: 32, height: 32)
        let response = try post(options, image, image)
        #expect(response.status == 200, "\(response.text)")
        #expect(response.text.contains("\"total\":0"))
    }
}
