/// Why a text is not JSON, in words for the person who wrote it.
public struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let reason: String
    /// Where in the text, in bytes from its start.
    public let offset: Int
    /// The name that an object has twice, when that is what is wrong.
    public var duplicateName: UTF8Text?
    /// Whether nothing is wrong, but nobody waits for the value any more.
    public var isCancellation = false

    /// The reason and the place.
    public var description: String { "\(reason) at byte \(offset)" }
}
