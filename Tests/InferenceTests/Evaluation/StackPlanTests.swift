import Inference
import TestSupport
import Testing

/// Which images are walked together, and what is asked of them: alone, without an image.
struct StackPlanTests {
    private static let size = ImageSize(height: 32, width: 40)
    private static let small = ImageSize(height: 20, width: 20)

    private func pair(
        _ target: Int, _ size: ImageSize = size, mask: ImageSize? = nil
    ) -> PairShape {
        PairShape(output: size, targets: TargetChoice(target), mask: mask)
    }

    private func plan(
        _ loss: Loss, _ pairs: [PairShape], _ targets: [TargetShape],
        differences: Set<StackRole> = [], imagesMax: Int = 8
    ) throws -> EvaluationPlan {
        try EvaluationPlan(
            loss, .vgg16, pairs: pairs, targets: targets, differences: differences,
            imagesMax: imagesMax)
    }

    private let pconv = Presets.all[0]

    @Test func `a pair is walked beside its target`() throws {
        let plan = try plan(pconv, [pair(0)], [TargetShape(size: Self.size)])
        #expect(plan.stacks.map(\.roles) == [[.target(0), .subject(.output, pair: 0)]])
        #expect(plan.stacks[0].done == [0])
        #expect(plan.stacks[0].demands.map(\.tap.description) == ["pool1", "pool2", "pool3"])
        for demand in plan.stacks[0].demands.map(\.features) {
            #expect(demand.summaries == [0, 1].map { SummaryDemand($0, .products) })
            #expect(demand.pairs == [PairDemand(1, .image(0), PairRule(.absolute))])
            #expect(demand.maps.isEmpty)
        }
    }

    @Test func `a mask brings the composite, compared with the same target`() throws {
        let plan = try plan(pconv, [pair(0, mask: Self.size)], [TargetShape(size: Self.size)])
        #expect(
            plan.stacks.map(\.roles) == [
                [.target(0), .subject(.output, pair: 0), .subject(.composite, pair: 0)]
            ])
        #expect(
            plan.stacks[0].demands[0].features.pairs
                == [1, 2].map {
                    PairDemand($0, .image(0), PairRule(.absolute))
                })
    }

    @Test func `one target of many is walked once, and kept for the stacks that follow`() throws {
        let pairs = (0..<5).map { _ in pair(0) }
        let plan = try plan(pconv, pairs, [TargetShape(size: Self.size)], imagesMax: 3)
        let roles = plan.stacks.flatMap(\.roles)
        #expect(roles.filter { $0 == .target(0) }.count == 1)
        #expect(roles.count == 6 && plan.stacks.allSatisfy { $0.roles.count <= 3 })
        #expect(plan.stacks[0].demands.allSatisfy { $0.features.maps == [0] })
        for stack in plan.stacks.dropFirst() {
            #expect(stack.demands[0].features.pairs[0].target == .kept(0))
        }
        #expect(plan.stacks.map(\.done) == [[], [0]])
    }

    @Test func `images of other sizes have stacks of their own`() throws {
        let targets = [TargetShape(size: Self.size), TargetShape(size: Self.small)]
        let plan = try plan(pconv, [pair(0), pair(1, Self.small), pair(0)], targets)
        #expect(Set(plan.stacks.map(\.size)) == [Self.size, Self.small])
        for stack in plan.stacks {
            for role in stack.roles {
                switch role {
                case .target(let index): #expect(targets[index].size == stack.size)
                case .subject(_, let pair): #expect((pair == 1) == (stack.size == Self.small))
                }
            }
        }
    }

    @Test func `a target that is there is not walked`() throws {
        let stored = TargetShape(size: Self.size, isStored: true)
        let plan = try plan(pconv, [pair(0)], [stored])
        #expect(plan.stacks.map(\.roles) == [[.subject(.output, pair: 0)]])
        #expect(plan.stacks[0].demands[0].features.pairs[0].target == .kept(0))
        #expect(plan.needs[0] != TargetNeeds() && plan.missing[0] == TargetNeeds())
    }

    @Test func `a target to be kept has its features kept, without pairs as well`() throws {
        let target = TargetShape(size: Self.size, isKept: true)
        let plan = try plan(pconv, [pair(0)], [target])
        #expect(plan.stacks[0].demands.allSatisfy { $0.features.maps == [0] })
    }

    // One image differs from its target a little: its target is beside it in its stack, its features
    // are differences and their sums need nothing beside them.
    @Test func `a difference is walked beside its target, in every stack`() throws {
        let pairs = (0..<4).map { _ in pair(0) }
        let near = Set([1, 3].map { StackRole.subject(.output, pair: $0) })
        let plan = try plan(
            pconv, pairs, [TargetShape(size: Self.size)], differences: near, imagesMax: 3)
        for stack in plan.stacks {
            for (image, role) in stack.roles.enumerated() where near.contains(role) {
                let target = try #require(stack.differences[image])
                #expect(stack.roles[target] == .target(0))
                let demand = stack.demands[0].features
                #expect(demand.pairs.contains(PairDemand(image, .nothing, PairRule(.absolute))))
                #expect(
                    demand.summaries.contains(
                        SummaryDemand(image, .products, changeFrom: target)))
            }
        }
        #expect(plan.stacks.flatMap { $0.differences.keys }.count == 2)
        let precisions = plan.precisions(ofPair: 1, pairs[1], near)
        #expect(precisions == [.output: .difference])
        #expect(plan.precisions(ofPair: 0, pairs[0], near) == [.output: .plain])
    }

    @Test func `each preset asks for the statistics of its terms, each once`() throws {
        let expected: [(String, [SummaryKind])] = [
            ("pconv", [.products]), ("adain", [.moments]), ("crowson", [.centredProducts]),
            ("enhancenet", [.patchProducts(side: 16)]), ("johnson-mean", [.moments]),
        ]
        for (name, kinds) in expected {
            let loss = try #require(Presets.named(name))
            let plan = try EvaluationPlan(
                loss, .vgg19, pairs: [pair(0, ImageSize(height: 96, width: 96))],
                targets: [TargetShape(size: ImageSize(height: 96, width: 96))], imagesMax: 4)
            let found = Set(plan.needs[0].summaries.values.flatMap(\.self))
            #expect(found == Set(kinds), "\(name)")
            let demands = plan.stacks.flatMap(\.demands).map(\.features)
            for demand in demands {
                #expect(Set(demand.summaries).count == demand.summaries.count)
                #expect(Set(demand.pairs).count == demand.pairs.count)
            }
        }
    }

    @Test func `a layer that the network does not have is refused`() throws {
        let loss = pconv.changed(style: [LayerWeight("relu3_4")])
        #expect(throws: InferenceError.unknownLayer("relu3_4")) {
            try plan(loss, [pair(0)], [TargetShape(size: Self.size)])
        }
    }
}
