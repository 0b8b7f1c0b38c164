import Codecs
import HTTP

/// Limits that no setting changes, each with its reason: the table of the README.
public enum FixedLimits {
    private struct Row {
        let what: String
        let limit: Int
        let reason: String

        init(_ what: String, _ limit: Int, _ reason: String) {
            (self.what, self.limit, self.reason) = (what, limit, reason)
        }
    }

    private static var rows: [Row] {
        let form = MultipartLimits()
        let server = HTTPServerLimits()
        return [
            Row(
                "Parts of a form", form.partsMax,
                "32 pairs with a mask each are 96, and features have an output and a target a layer"
            ),
            Row(
                "Header fields of a part", form.partHeadersMax,
                "three mean something; python-multipart's figure"),
            Row(
                "Bytes of a header line of a part, and of padding behind a boundary",
                form.partHeaderBytesMax, "names and types are short"),
            Row(
                "Bytes of the name of a part, member, tensor or option", UTF8Text.nameBytesMax,
                "longer than any that means something"),
            Row("Levels of JSON", JSON.depthMax, "a request has five"),
            Row(
                "Values of JSON", JSON.valuesMax,
                "each takes some forty bytes, however short it was written"),
            Row(
                "Bytes of a number in JSON", JSON.numberBytesMax,
                "25 are of use, and converting takes more than linear time"),
            Row(
                "Bytes of a safetensors header", SafetensorsFile.requestHeaderBytesMax,
                "some ten thousand tensors"),
            Row("Bytes of an npy header", NPY.headerBytesMax, "numpy's own limit"),
            Row(
                "Bytes of a chunk-size line", HTTPServerLimits.chunkLineBytesMax,
                "16 digits, and extensions that nobody reads"),
            Row(
                "Bytes of trailers", HTTPServerLimits.trailerBytesMax,
                "they are dropped; half a head is enough"),
            Row(
                "Bytes of a refused body that are read past", server.discardedBodyBytesMax,
                "a new connection costs less than more of them"),
            Row(
                "Milliseconds for a head on a reserved connection", server.reservedTimeoutMs,
                "a probe is near; and the reserve is small"),
            Row(
                "Milliseconds of standing still after which a connection gives way to a new one",
                server.idleMinMs, "three round trips around the world"),
            Row(
                "The same, when nothing was ever sent on it", server.silenceMaxMs,
                "whoever connects has something to say"),
            Row(
                "Milliseconds that bodies wait for room until the slowest gives way",
                Arrivals.pressureMs, "long enough to tell slow from stopped"),
        ]
    }

    /// One row a limit.
    public static var markdownTable: String {
        let lines = rows.map { "| \($0.what) | \($0.limit) | \($0.reason) |" }
        return (["| what | at most | because |", "|---|---|---|"] + lines).joined(separator: "\n")
    }
}
