/// What a walk through the network is of.
enum StackRole: Hashable {
    case target(Int)
    case output(pair: Int)
    case composite(pair: Int)
}

/// Which images go through the network together.
///
/// Images of equal size share a stack, up to a limit. Every target is walked once, before or
/// together with all that is compared with it; when that does not fit one stack, the target's
/// features are stored for the stacks that follow.
struct StackPlan {
    struct Stack {
        let size: ImageSize
        let roles: [StackRole]
    }

    let stacks: [Stack]
    /// Targets whose features outlive their stack, for later stacks or for the caller.
    let stored: Set<Int>
    /// The last stack in which something is compared with a target.
    let lastUse: [Int: Int]

    /// Nothing to walk: no term has layers.
    static let empty = StackPlan(pairs: [], targets: [], imagesMax: 1)

    init(pairs: [PairShape], targets: [TargetShape], imagesMax: Int) {
        var together = Batches()
        var apart = Batches()
        for (index, target) in targets.enumerated() {
            var roles: [StackRole] = target.isStored ? [] : [.target(index)]
            for (number, pair) in pairs.enumerated() where pair.target == index {
                let walks = Self.roles(of: number, pair)
                if pair.output == target.size {
                    roles += walks
                } else {
                    apart.add(walks, of: pair.output)
                }
            }
            together.add(roles, of: target.size)
        }
        stacks = together.stacks(imagesMax) + apart.stacks(imagesMax)

        var stored = Set(targets.indices.filter { targets[$0].isKept && !targets[$0].isStored })
        var walked: [Int: Int] = [:]
        var lastUse: [Int: Int] = [:]
        for (number, stack) in stacks.enumerated() {
            for role in stack.roles {
                switch role {
                case .target(let index):
                    walked[index] = number
                    lastUse[index] = number
                case .output(let pair), .composite(let pair):
                    let index = pairs[pair].target
                    lastUse[index] = number
                    let isTogether = pairs[pair].output == targets[index].size
                    if let earlier = walked[index], earlier < number, isTogether {
                        stored.insert(index)
                    }
                }
            }
        }
        self.stored = stored
        self.lastUse = lastUse
    }

    private static func roles(of number: Int, _ pair: PairShape) -> [StackRole] {
        pair.mask == nil
            ? [.output(pair: number)] : [.output(pair: number), .composite(pair: number)]
    }

    // Groups that had better stay in one stack, by size, in the order of first appearance.
    private struct Batches {
        private var sizes: [ImageSize] = []
        private var groups: [ImageSize: [[StackRole]]] = [:]

        mutating func add(_ roles: [StackRole], of size: ImageSize) {
            guard !roles.isEmpty else { return }
            if groups[size] == nil { sizes.append(size) }
            groups[size, default: []].append(roles)
        }

        func stacks(_ imagesMax: Int) -> [Stack] {
            sizes.flatMap { size in
                Self.filled(groups[size] ?? [], imagesMax).map { Stack(size: size, roles: $0) }
            }
        }

        private static func filled(_ groups: [[StackRole]], _ imagesMax: Int) -> [[StackRole]] {
            var stacks: [[StackRole]] = []
            var current: [StackRole] = []
            for group in groups {
                if current.count + group.count > imagesMax, group.count <= imagesMax {
                    stacks.append(current)
                    current = []
                }
                for role in group {
                    if current.count == imagesMax {
                        stacks.append(current)
                        current = []
                    }
                    current.append(role)
                }
            }
            stacks.append(current)
            return stacks.filter { !$0.isEmpty }
        }
    }
}
