import Foundation
import Service
import TestSupport
import Testing

/// `styleloss compare` on folders and tables: every form of the report.
struct ComparePairsTests {
    private let files: PairFiles

    init() throws {
        files = try PairFiles("out", "gt", "mask", "gt/sub")
        // Two pairs that fit, one of another size, one that is no image, one without a partner each
        // way, and one of which it is not clear what its partner is.
        try files.write("out/a.png", Sample.png(1))
        try files.write("gt/a.png", Sample.png(2))
        try files.write("out/b.png", Sample.png(3))
        try files.write("gt/b.npy", Sample.npy([16, 20, 3], uint8: Sample.bytes(4)))
        try files.write("out/c.png", Sample.png(5, width: 24))
        try files.write("gt/c.png", Sample.png(6))
        try files.write("out/d.png", "no image")
        try files.write("gt/d.png", Sample.png(6))
        try files.write("out/e.png", Sample.png(7))
        try files.write("gt/f.png", Sample.png(8))
        try files.write("out/g.png", Sample.png(7))
        try files.write("gt/g.jpg", "")
        try files.write("gt/g.npy", "")
        try files.write("out/.hidden", "")
    }

    private func folders(_ arguments: String...) throws -> Program.Result {
        try Program.run(
            ["compare", files.path("out"), files.path("gt"), "--layout", "hwc"] + arguments)
    }

    /// From the text: JSONSerialization is off by the last bit now and then.
    private func total(_ output: Int, _ target: Int) throws -> Double {
        let answer = try RunningService.shared.get().post("/v1/losses", Sample.pair(output, target))
        let start = try #require(answer.text.range(of: "\"total\":")).upperBound
        return try #require(Double(answer.text[start...].prefix { $0 != "," }))
    }

    /// Lines end with CRLF, which is one `Character`.
    private func lines(_ text: String) -> [Substring] { text.split(separator: "\r\n") }

    /// The fields of lines none of which is in quotes.
    private func rows(_ text: String) -> [[Substring]] {
        lines(text).map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    }

    /// The last component of whichever of a pair's files there is.
    private func name(_ object: [String: Any]) -> String {
        let paths = ["output", "target", "mask"].compactMap { object[$0] as? String }
        return paths.first { !$0.isEmpty }.map { ($0 as NSString).lastPathComponent } ?? ""
    }

    private func check(_ objects: [[String: Any]]) throws {
        var totals: [String: Double] = [:]
        var reasons: [String: String] = [:]
        for object in objects {
            totals[name(object)] = (object["result"] as? [String: Any])?["total"] as? Double
            reasons[name(object)] = object["error"] as? String
        }
        #expect(
            objects.map(name)
                == [
                    "a.png", "b.png", "c.png", "d.png", "e.png", "f.png", "g.png", "g.jpg", "g.npy",
                    "sub",
                ])
        #expect(totals.count == 2)
        #expect(try abs(#require(totals["a.png"]) / total(1, 2) - 1) < 1e-14)
        #expect(try abs(#require(totals["b.png"]) / total(3, 4) - 1) < 1e-14)
        #expect(reasons["c.png"]?.contains("need equal sizes") == true, "\(reasons)")
        #expect(reasons["d.png"]?.contains("is none of PNG, JPEG and npy") == true, "\(reasons)")
        #expect(reasons["e.png"]?.contains("There is no file of this name in") == true)
        #expect(reasons["f.png"]?.contains("There is no file of this name in") == true)
        #expect(reasons["g.png"]?.contains("without extension several are called so") == true)
        #expect(reasons["g.npy"]?.contains("without extension several are called so") == true)
        #expect(reasons["sub"]?.contains("There is no file of this name in") == true)
    }

    @Test func `writes an object a line, and a reason for each pair that fails`() throws {
        let result = try folders("--format", "jsonl")
        #expect(result.status == 1)
        #expect(result.error.contains("8 of 10 pairs failed"), "\(result.error)")
        try check(
            result.output.split(separator: "\n").map { line in
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
                return try #require(object as? [String: Any])
            })
    }

    @Test func `writes one array for --json, into a file`() throws {
        let path = files.path("report.json")
        let result = try folders("--json", "--output", path)
        #expect(result.status == 1 && result.output.isEmpty)
        let objects = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: path)))
        try check(#require(objects as? [[String: Any]]))
    }

    @Test func `reads a table of pairs and writes one, with a column a number`() throws {
        try files.write("out/a,\"b\".png", Sample.png(1))
        let table = try files.write(
            "pairs.csv",
            "\u{FEFF}mask,target,output,id\r\n,gt/a.png,\"out/a,\"\"b\"\".png\",1\r\n"
                + ",gt/a.png\r\n,,out/a.png,3\r\n,gt/nothing.png,\(files.path("out/a.png")),4\r\n")
        let result = try Program.run("compare", "--pairs", table, "--format", "csv")
        #expect(result.status == 1)
        #expect(result.error.contains("not read are the columns id"), "\(result.error)")
        let lines = lines(result.output)
        let head = try #require(lines.first)
        #expect(
            head.hasPrefix(
                "output,target,mask,sample,total,pixel_valid,pixel_hole,perceptual,"
                    + "perceptual.pool1,perceptual.pool2,perceptual.pool3,perceptual_comp,")
                && head.hasSuffix(",tv,error"), "\(head)")
        try #require(lines.count == 5)
        let total = try total(1, 2)
        #expect(
            lines[1].hasPrefix("\"out/a,\"\"b\"\".png\",gt/a.png,,0,\(total),"), "\(lines[1])")
        #expect(lines[2].contains("Line 3 of \(table) has 2 fields, and the first row has 4."))
        #expect(lines[3].contains("Line 4 of \(table) has no target."))
        #expect(lines[4].contains("gt/nothing.png: The file does not exist."))
        // What was written can be read again.
        let again = try Program.run(
            "compare", "--pairs", try files.write("again.csv", result.output), "--format", "jsonl")
        #expect(again.output.contains("\"total\":\(total),"), "\(again.output)")
    }

    /// What was computed from it for the second pair serves those behind it.
    @Test func `a target that comes again gives every pair the same bits`() throws {
        for seed in 3...8 { try files.write("out/\(seed).png", Sample.png(seed)) }
        let table = try files.write(
            "style.csv",
            "output,target\n" + (3...8).map { "out/\($0).png,gt/a.png\n" }.joined())
        let result = try Program.run(
            "compare", "--pairs", table, "--format", "jsonl", "--workers", "1")
        #expect(result.status == 0, "\(result.error)")
        let lines = result.output.split(separator: "\n")
        try #require(lines.count == 6)
        #expect(lines[5].contains("\"target_cached\":true"))
        for (index, line) in lines.enumerated() {
            let total = try total(index + 3, 2)
            #expect(line.contains("\"total\":\(total),"), "\(line)")
        }
    }

    @Test func `takes masks from a folder or a column, where there are some`() throws {
        try files.write("mask/a.png", Sample.png(9, colorType: 0))
        try files.write("mask/z.png", Sample.png(9, colorType: 0))
        let masked = try folders("--mask", files.path("mask"), "--format", "csv")
        #expect(masked.status == 1)
        #expect(masked.output.contains("There is no mask of this name in"), "\(masked.output)")
        #expect(masked.output.contains("mask/z.png,,"), "\(masked.output)")
        let table = try files.write(
            "masks.csv", "output,target,mask\nout/a.png,gt/a.png,mask/a.png\nout/a.png,gt/a.png,\n")
        let result = try Program.run("compare", "--pairs", table, "--format", "csv")
        #expect(result.status == 0, "\(result.error)")
        #expect(result.error.contains("The total is without the terms that need a mask"))
        let rows = rows(result.output)
        let column = try #require(rows[0].firstIndex(of: "style_comp"))
        #expect(masked.output.contains("/out/a.png,"))
        #expect(!rows[1][column].isEmpty && rows[2][column].isEmpty)
        #expect(rows[2][4] == Substring("\(try total(1, 2))"))
    }

    @Test func `prints totals, failures and the means by layer as a table`() throws {
        let result = try folders()
        #expect(result.status == 1)
        #expect(result.output.contains("mean of 2 pairs") && result.output.contains("  pool2"))
        #expect(result.output.contains("█"))
        let mean = try (total(1, 2) + total(3, 4)) / 2
        #expect(result.output.contains("\(mean)\n"), "\(result.output)")
        #expect(result.output.split(separator: "\n").filter { $0.hasPrefix("failed ") }.count == 8)
    }

    @Test func `shows bars that share the total out`() throws {
        let one = try Program.run(
            "compare", files.path("out/a.png"), files.path("gt/a.png"), "--preset", "piq-content",
            "--layers", "relu1_1,relu1_2")
        #expect(one.status == 0, "\(one.error)")
        let bars = one.output.split(separator: "\n")
            .map { line in (line, line.filter { $0 == "█" }.count) }
        #expect(
            bars.filter { $0.0.contains("relu") }.reduce(0) { $0 + $1.1 } == 20, "\(one.output)")
    }

    @Test func `every image of an array is a line`() throws {
        let shape = [2, 16, 20, 3]
        let output = try files.write(
            "two.npy", Sample.npy(shape, uint8: Sample.bytes(1) + Sample.bytes(3)))
        let target = try files.write(
            "four.npy", Sample.npy(shape, uint8: Sample.bytes(2) + Sample.bytes(4)))
        let result = try Program.run(
            "compare", output, target, "--layout", "nhwc", "--format", "csv")
        let rows = rows(result.output)
        try #require(rows.count == 3, "\(result.output)\(result.error)")
        #expect(try rows[1][3...4] == ["0", Substring("\(total(1, 2))")])
        #expect(try rows[2][3...4] == ["1", Substring("\(total(3, 4))")])
        let table = try Program.run("compare", output, target, "--layout", "nhwc")
        #expect(table.output.contains("image 1\n"))
    }

    @Test func `writes a map of two files`() throws {
        let (output, target) = (files.path("out/a.png"), files.path("gt/a.png"))
        let map = files.path("map.png")
        let result = try Program.run("compare", output, target, "--map", map)
        #expect(result.status == 0 && result.output.contains("style"), "\(result.error)")
        let form = Sample.pair()
        let served = try RunningService.shared.get().send(
            "POST", "/v1/losses?maps=perceptual&maps_size=input",
            [("Content-Type", form.contentType), ("Accept", "image/png")], form.body)
        #expect(try Data(contentsOf: URL(fileURLWithPath: map)) == Data(served.body))
        let none = try Program.run("compare", output, target, "--map", map, "--preset", "piq-style")
        #expect(none.status == 2 && none.error.contains("no term with a map"), "\(none.error)")
    }

    @Test func `takes networks by name and a loss of one's own`() throws {
        let definition = try files.write(
            "loss.json",
            #"{"terms":[{"key":"p","layers":{"pool1":1},"statistic":{"kind":"features"},"#
                + #""distance":{"kind":"l1"}}]}"#)
        let (output, target) = (files.path("out/a.png"), files.path("gt/a.png"))
        let result = try Program.run(
            "compare", output, target, "--loss", definition, "--weights",
            WeightsFiles.vgg16.get(), "--model", "vgg16-imagenet", "--json")
        #expect(result.output.contains("\"name\":\"vgg16-imagenet\""), "\(result.error)")
        #expect(result.output.contains("\"p\":{\"loss\":"), "\(result.output)")
        let unknown = try Program.run("compare", output, target, "--model", "nothing")
        #expect(unknown.status == 2 && unknown.error.contains("There is no such model"))
    }
}
