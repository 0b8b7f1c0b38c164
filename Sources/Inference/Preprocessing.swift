/// What a network expects of its input: for each channel c in network order
/// `y_c = (x_c · scale − mean_c) / std_c`, with x in [0, 1].
///
/// It belongs to the weights: the original VGG and torchvision's are different trained networks.
public struct Preprocessing: Sendable, Hashable {
    /// `caffe`, `torchvision`, or `custom` when the weights' metadata spells its own numbers.
    public let name: String
    /// Whether the first input channel of the network is blue instead of red.
    public let isBGR: Bool
    /// The factor applied to x: 255 for networks trained on 0..255, else 1.
    public let scale: Float
    /// Three means in network order, in units of `scale · x`.
    public let mean: [Float]
    /// Three divisors in network order.
    public let std: [Float]

    /// The original weights: BGR, 0..255, minus the ImageNet mean, no division
    /// (Simonyan & Zisserman's model card; Keras `imagenet_utils`, mode "caffe").
    public static let caffe = Preprocessing(
        name: "caffe", isBGR: true, scale: 255, mean: [103.939, 116.779, 123.68], std: [1, 1, 1])

    /// torchvision's weights: RGB, 0..1, the ImageNet mean and deviation (torchvision
    /// `VGG16_Weights.IMAGENET1K_V1.transforms`).
    public static let torchvision = Preprocessing(
        name: "torchvision", isBGR: false, scale: 1, mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225])

    /// The named preprocessing, `caffe` or `torchvision`; nil for any other name.
    public init?(named name: String) {
        switch name {
        case Self.caffe.name: self = .caffe
        case Self.torchvision.name: self = .torchvision
        default: return nil
        }
    }

    /// A preprocessing, spelled out: `mean` and `std` have three values in network order, those of
    /// `std` above 0.
    public init(name: String, isBGR: Bool, scale: Float, mean: [Float], std: [Float]) {
        precondition(mean.count == 3 && std.count == 3)
        self.name = name
        self.isBGR = isBGR
        self.scale = scale
        self.mean = mean
        self.std = std
    }
}

extension Preprocessing {
    /// The preprocessing that a weights file's metadata declares.
    ///
    /// Either `preprocessing` is `caffe` or `torchvision`, or `channel_order` (RGB, BGR),
    /// `input_range` (0..1, 0..255), `mean` and `std` (three numbers with commas, in channel order)
    /// are all there; when both are, they must agree. Nothing is guessed: otherwise it throws.
    public init(metadata: [String: String]) throws(NetworkError) {
        let named = metadata["preprocessing"].flatMap { Preprocessing(named: $0) }
        let spelled = try Self.spelled(in: metadata)
        switch (named, spelled) {
        case (let named?, nil):
            self = named
        case (nil, let spelled?):
            self = spelled
        case (let named?, let spelled?):
            guard named.hasSameNumbers(as: spelled) else {
                throw NetworkError(
                    "the weights' metadata contradicts itself: preprocessing is \(named.name), but "
                        + "channel_order, input_range, mean and std say otherwise; "
                        + "choose with --preprocessing caffe or --preprocessing torchvision")
            }
            self = named
        case (nil, nil):
            throw NetworkError(
                "the weights' metadata does not say how images are preprocessed; "
                    + "say so with --preprocessing caffe or --preprocessing torchvision")
        }
    }

    func hasSameNumbers(as other: Preprocessing) -> Bool {
        isBGR == other.isBGR && scale == other.scale && mean == other.mean && std == other.std
    }

    private static func spelled(
        in metadata: [String: String]
    ) throws(NetworkError) -> Preprocessing? {
        guard let order = metadata["channel_order"], let range = metadata["input_range"],
            let mean = metadata["mean"], let std = metadata["std"]
        else { return nil }
        let orders = ["RGB": false, "BGR": true]
        let scales: [String: Float] = ["0..1": 1, "0..255": 255]
        guard let isBGR = orders[order.uppercased()], let scale = scales[range],
            let means = threeNumbers(mean), let stds = threeNumbers(std),
            stds.allSatisfy({ $0 > 0 })
        else {
            throw NetworkError(
                "the weights' metadata is not understood: channel_order must be RGB or BGR, "
                    + "input_range 0..1 or 0..255, mean and std three numbers with commas, std > 0")
        }
        return Preprocessing(name: "custom", isBGR: isBGR, scale: scale, mean: means, std: stds)
    }

    private static func threeNumbers(_ text: String) -> [Float]? {
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false)
            .map { Float($0.drop { $0 == " " }) ?? .nan }
        return numbers.count == 3 && numbers.allSatisfy(\.isFinite) ? numbers : nil
    }
}
