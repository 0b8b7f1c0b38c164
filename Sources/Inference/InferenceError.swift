/// What can go wrong between images and losses, and is not a mistake of this program.
public enum InferenceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A side of an image is shorter than `minimum` pixels, below which `tap` would be empty.
    case imageTooSmall(minimum: Int, tap: String)
    /// Two things that must be of one shape are not; the sentence names both.
    case shapeMismatch(String)
    /// A tensor that cannot be what it is declared to be.
    case invalidTensor(String)
    /// The network does not have the layer.
    case unknownLayer(String)
    /// There are no learned weights for the layer.
    case unlearnedLayer(String, LearnedWeights)
    /// What is compared cannot be known without the target's image, which is not here; the sentence names
    /// it.
    case missingImage(String)
    /// A loss that came out as infinity or NaN; the sentence names it.
    case nonFiniteResult(String)
    /// Nobody waits for the result any more.
    case cancelled
    /// The system does not give the memory that was asked for.
    case outOfMemory

    /// One sentence that tells the caller what to change.
    public var description: String {
        switch self {
        case .imageTooSmall(let minimum, let tap):
            "layer \(tap) needs images of at least \(minimum)x\(minimum) pixels"
        case .shapeMismatch(let sentence), .invalidTensor(let sentence),
            .missingImage(let sentence), .nonFiniteResult(let sentence):
            sentence
        case .unknownLayer(let name):
            "the network has no layer \(name)"
        case .unlearnedLayer(let name, let weights):
            "there are no learned weights \(weights.rawValue) for layer \(name); they are for "
                + LearnedWeights.layers.joined(separator: ", ")
        case .cancelled:
            "the work was cancelled"
        case .outOfMemory:
            "the system does not give the memory that the work takes"
        }
    }
}
