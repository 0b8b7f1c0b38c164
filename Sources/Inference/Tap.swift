/// A place in a VGG where features are read, by its Caffe name: `conv3_2` before the ReLU,
/// `relu3_2` after it, `pool3` after the pool that ends block 3.
///
/// A tap exists as a name without a network; `VGG.taps(_:)` lists those an architecture has.
public struct Tap: Hashable, Sendable, CustomStringConvertible {
    /// What produced the features: a convolution with its bias, the ReLU after it, or the pool.
    public enum Kind: String, Sendable, CaseIterable {
        case conv, relu, pool
    }

    /// The layer that produced the features.
    public let kind: Kind
    /// The block, 1…5: blocks are separated by pools.
    public let block: Int
    /// The position within the block from 1; 0 for a pool.
    public let index: Int

    /// The tap of a layer, or nil when a VGG cannot have it: blocks are 1…5, convolutions 1…4.
    public init?(kind: Kind, block: Int, index: Int = 0) {
        let indices = kind == .pool ? 0...0 : 1...4
        guard (1...5).contains(block), indices.contains(index) else { return nil }
        self.init(kind, block, index)
    }

    /// The tap called `name`, or nil when the name is not exactly of the form above.
    public init?(_ name: some StringProtocol) {
        guard let kind = Kind(rawValue: String(name.prefix(4))) else { return nil }
        let place = name.dropFirst(4).split(separator: "_", omittingEmptySubsequences: false)
        guard let block = place.first.flatMap({ Int($0) }), place.count <= 2 else { return nil }
        let index = place.count == 2 ? Int(place[1]) ?? -1 : 0
        self.init(kind: kind, block: block, index: index)
        // `Int` also reads "+3" and "03", which are not layer names.
        guard description == name else { return nil }
    }

    init(_ kind: Kind, _ block: Int, _ index: Int) {
        self.kind = kind
        self.block = block
        self.index = index
    }

    /// The channels of the features: 64, 128, 256 or 512, by block.
    public var channels: Int { VGG.blockChannels[block - 1] }

    /// The name, as in `Tap("relu3_2")`.
    public var description: String {
        kind == .pool ? "pool\(block)" : "\(kind.rawValue)\(block)_\(index)"
    }
}
