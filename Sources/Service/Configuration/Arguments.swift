/// A command line taken apart: options with their values, switches, and the rest in order. Every
/// mistake is kept, so that all of them can be told at once.
public struct Arguments: Sendable {
    /// What is neither an option nor the value of one.
    public private(set) var operands: [String] = []
    /// Sentences that begin with the word they are about.
    public private(set) var mistakes: [String] = []
    private var values: [String: [String]] = [:]
    private var given: Set<String> = []

    /// Takes `--name value` and `--name=value` for each of `options`, `--name` for each of
    /// `switches`. A hyphen alone is an operand, and after `--` everything is one.
    public init(_ arguments: [String], options: [String], switches: [String] = []) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument != "--" else { break }
            guard argument.hasPrefix("-"), argument != "-" else {
                operands.append(argument)
                continue
            }
            let parts = argument.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            let attached = parts.count == 2 ? String(parts[1]) : nil
            if options.contains(name) {
                if let value = attached ?? Self.takeValue(&rest) {
                    values[name, default: []].append(value)
                } else {
                    mistakes.append("\(name): a value is missing")
                }
            } else if switches.contains(name) && attached == nil {
                given.insert(name)
            } else {
                mistakes.append(
                    switches.contains(name)
                        ? "\(name): it takes no value"
                        : Self.unknown(name, among: options + switches))
                // What follows is more likely the value of what was meant than an operand.
                if attached == nil { _ = Self.takeValue(&rest) }
            }
        }
        operands += rest
    }

    /// The values of an option in order; nil when it was not given.
    public func values(of option: String) -> [String]? { values[option] }

    /// Whether a switch was given.
    public func has(_ name: String) -> Bool { given.contains(name) }

    /// The next word, unless it is another option: no value begins with two hyphens.
    private static func takeValue(_ rest: inout ArraySlice<String>) -> String? {
        guard let next = rest.first, !next.hasPrefix("--") else { return nil }
        return rest.popFirst()
    }

    /// The sentence for a word that is none of the known ones, with the nearest of them.
    public static func unknown(_ word: String, among known: [String]) -> String {
        guard let nearest = word.nearest(of: known) else {
            return "\(word): there is no such option"
        }
        return "\(word): there is no such option; did you mean \(nearest)?"
    }
}
