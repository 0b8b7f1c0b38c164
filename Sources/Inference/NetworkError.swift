/// Why a set of tensors is not a VGG that can be run. The text says what is wrong with the weights.
public struct NetworkError: Error, CustomStringConvertible, Equatable {
    /// One sentence for the person who chose the weights.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
