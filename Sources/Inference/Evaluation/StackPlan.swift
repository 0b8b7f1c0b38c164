/// What a walk through the network is of.
package enum StackRole: Hashable {
    case target(Int)
    case subject(Subject, pair: Int)
}

/// Which images go through the network together.
///
/// Images of equal size share a stack, up to a limit. Every target is walked once, before or
/// together with all that is compared with it; when that does not fit one stack, the target's
/// features are stored for the stacks that follow. A target that something is walked as its difference
/// from is walked with it, in every stack. One that is known in part is walked by itself, as far as the
/// rest needs.
package struct StackPlan {
    package struct Stack {
        package let size: ImageSize
        package let roles: [StackRole]
    }

    package let stacks: [Stack]
    /// Targets whose features outlive their stack, for later stacks or for the caller.
    package let stored: Set<Int>
    /// The last stack in which something is compared with a target.
    package let lastUse: [Int: Int]

    /// - Parameters:
    ///   - terms: the terms with layers.
    ///   - walked: the targets that have to be walked.
    ///   - partlyKnown: those of them of which something is there.
    ///   - differences: the images that are walked as their difference from their target.
    package init(
        terms: [LayeredTerm], pairs: [PairShape], targets: [TargetShape], walked: Set<Int>,
        partlyKnown: Set<Int> = [], differences: Set<StackRole>, imagesMax: Int
    ) {
        let used = pairs.map { pair in
            Set(terms.flatMap { pair.targets.targets(of: $0) }.map(\.target))
        }
        let subjects = Subject.allCases.filter { subject in
            terms.contains { $0.subject == subject }
        }
        let isCompanion = Set(
            pairs.flatMap { pair in subjects.compactMap { Self.companion($0, pair, terms) } })
        var before = Batches()
        var together = Batches()
        var apart = Batches()
        for (index, target) in targets.enumerated() {
            let leads = differences.contains { role in
                guard case .subject(let subject, let pair) = role else { return false }
                return Self.companion(subject, pairs[pair], terms) == index
            }
            var roles: [StackRole] = walked.contains(index) || leads ? [.target(index)] : []
            if partlyKnown.contains(index), !leads {
                before.add(roles, of: target.size)
                roles = []
            }
            guard isCompanion.contains(index) else {
                before.add(roles, of: target.size)
                continue
            }
            for (number, pair) in pairs.enumerated() {
                let walks = subjects.filter {
                    Self.companion($0, pair, terms) == index && ($0 == .output || pair.mask != nil)
                }
                .map { StackRole.subject($0, pair: number) }
                if pair.output == target.size {
                    roles += walks
                } else {
                    apart.add(walks, of: pair.output)
                }
            }
            together.add(roles, leads: leads, of: target.size, imagesMax)
        }
        stacks =
            before.stacks(imagesMax) + together.stacks(imagesMax) + apart.stacks(imagesMax)

        var stored = walked.filter { targets[$0].isKept }
        var places: [Int: Int] = [:]
        var lastUse: [Int: Int] = [:]
        for (number, stack) in stacks.enumerated() {
            for role in stack.roles {
                switch role {
                case .target(let index):
                    places[index] = number
                    lastUse[index] = number
                case .subject(let subject, let pair):
                    for index in used[pair] { lastUse[index] = number }
                    if let index = Self.companion(subject, pairs[pair], terms),
                        let place = places[index], place < number,
                        pairs[pair].output == targets[index].size
                    {
                        stored.insert(index)
                    }
                }
            }
        }
        self.stored = stored
        self.lastUse = lastUse
    }

    // The target whose rows are in cache when a subject's are compared with them.
    private static func companion(
        _ subject: Subject, _ pair: PairShape, _ terms: [LayeredTerm]
    ) -> Int? {
        guard subject != .hole else { return pair.targets.hole }
        return terms.contains { $0.subject == subject && $0.measure.statistic.isPairwise }
            ? pair.targets.perceptual : pair.targets.style.first?.target
    }

    // Groups that had better stay in one stack, by size, in the order of first appearance.
    private struct Batches {
        private var sizes: [ImageSize] = []
        private var groups: [ImageSize: [[StackRole]]] = [:]
        // The target of a difference needs a place beside it.
        private var imagesMin = 1

        mutating func add(_ roles: [StackRole], of size: ImageSize) {
            guard !roles.isEmpty else { return }
            if groups[size] == nil { sizes.append(size) }
            groups[size, default: []].append(roles)
        }

        /// A group whose first member leads: it is in every stack that has others of them.
        mutating func add(
            _ roles: [StackRole], leads: Bool, of size: ImageSize, _ imagesMax: Int
        ) {
            guard leads, let lead = roles.first else { return add(roles, of: size) }
            imagesMin = 2
            let others = Array(roles.dropFirst())
            let count = max(1, imagesMax - 1)
            for first in stride(from: 0, to: others.count, by: count) {
                add([lead] + others[first..<min(first + count, others.count)], of: size)
            }
        }

        func stacks(_ imagesMax: Int) -> [Stack] {
            sizes.flatMap { size in
                Self.filled(groups[size] ?? [], max(imagesMax, imagesMin))
                    .map { Stack(size: size, roles: $0) }
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
