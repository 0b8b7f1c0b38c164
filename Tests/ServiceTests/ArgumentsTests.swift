import Service
import Testing

struct ArgumentsTests {
    private func read(_ line: String) -> Arguments {
        Arguments(
            line.split(separator: " ").map(String.init), options: ["--name", "--list"],
            switches: ["--json"])
    }

    @Test func `tells options, switches and operands apart, in any order`() {
        let arguments = read("a --list 1 --json b --name=x=y --list=2 -")
        #expect(arguments.operands == ["a", "b", "-"])
        #expect(arguments.values(of: "--list") == ["1", "2"])
        #expect(arguments.values(of: "--name") == ["x=y"])
        #expect(arguments.has("--json"))
        #expect(arguments.mistakes.isEmpty)
    }

    @Test func `takes everything after two hyphens as it is`() {
        let arguments = read("--json -- --name a")
        #expect(arguments.operands == ["--name", "a"])
        #expect(arguments.values(of: "--name") == nil)
    }

    @Test func `keeps every mistake, and takes an unknown option's value for one`() {
        let arguments = read("--nam x --json=1 --list")
        #expect(
            arguments.mistakes == [
                "--nam: there is no such option; did you mean --name?", "--json: it takes no value",
                "--list: a value is missing",
            ])
        #expect(arguments.operands.isEmpty)
        #expect(read("-x").mistakes == ["-x: there is no such option"])
    }
}
