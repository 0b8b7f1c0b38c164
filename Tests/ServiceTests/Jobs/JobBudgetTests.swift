import Service
import Testing

/// The budgets of admission and the permits they give, without a service around them.
struct JobBudgetTests {
    private static let program = 64 << 20

    private func budget(
        places: Int = 4, bodyBytes: Int = 1000, memoryBytes: Int = 10_000, answerBytes: Int = 5000,
        arriving: Int = 0, grants: @escaping @Sendable (Int) -> Bool = { _ in true }
    ) -> JobBudget {
        let others = MemoryOwners(
            targets: TargetStore(bytesMax: 0), readiness: Readiness(), arrivingBytes: { arriving })
        return JobBudget(
            placesMax: places, bodyBytesMax: bodyBytes, memoryBytesMax: Self.program + memoryBytes,
            answerBytesMax: answerBytes, others: others, grants: grants)
    }

    private func usage(_ budget: JobBudget) -> [Int] {
        [budget.usage.places, budget.usage.bodyBytes, budget.usage.memoryBytes]
    }

    /// The code of what is thrown, and the setting it names.
    private func refusal(_ body: () throws(ServiceError) -> Void) -> String? {
        do throws(ServiceError) {
            try body()
            return nil
        } catch {
            return "\(error.code.rawValue) \(error.setting?.key ?? "")"
        }
    }

    @Test func `takes and gives back by scope`() throws {
        let budget = budget()
        do {
            let first = try budget.permit(bodyBytes: 300)
            #expect(usage(budget) == [1, 300, 300])
            do {
                let second = try budget.permit(bodyBytes: 200)
                #expect(usage(budget) == [2, 500, 500])
                _ = consume second
            }
            #expect(usage(budget) == [1, 300, 300])
            _ = consume first
        }
        #expect(usage(budget) == [0, 0, 0])
    }

    @Test func `charges work and answer on top, and keeps the answer alone`() throws {
        let budget = budget()
        var permit = try budget.permit(bodyBytes: 300)
        try permit.charge(workBytes: 2000, answerBytes: 500)
        try permit.charge(workBytes: 100, answerBytes: 0)
        #expect(usage(budget) == [1, 300, 2900])
        permit.keepAnswer(bytes: 450)
        #expect(usage(budget) == [0, 0, 450])
        _ = consume permit
        #expect(usage(budget) == [0, 0, 0])
    }

    @Test(arguments: [(1, nil), (2, "queue_full queue-jobs")] as [(Int, String?)])
    func `has so many places`(taken: Int, expected: String?) throws {
        let budget = budget(places: 2)
        var permits: [Int: Box] = [:]
        for index in 0..<taken { permits[index] = Box(try budget.permit(bodyBytes: 1)) }
        #expect(
            refusal { () throws(ServiceError) in _ = try budget.permit(bodyBytes: 1) } == expected)
        #expect(
            refusal { () throws(ServiceError) in try budget.checkRoom(bodyBytes: 1) } == expected)
        withExtendedLifetime(permits) {}
    }

    @Test(arguments: [(700, nil), (701, "queue_full queue-bytes")] as [(Int, String?)])
    func `holds so many bytes of bodies`(bytes: Int, expected: String?) throws {
        let budget = budget()
        let held = Box(try budget.permit(bodyBytes: 300))
        #expect(
            refusal { () throws(ServiceError) in _ = try budget.permit(bodyBytes: bytes) }
                == expected)
        withExtendedLifetime(held) {}
    }

    @Test(arguments: [(9000, nil), (9001, "memory_budget max-memory-bytes")] as [(Int, String?)])
    func `grants so much memory to all together`(bytes: Int, expected: String?) throws {
        let budget = budget(arriving: 100)
        let held = Box(try budget.permit(bodyBytes: 600))
        var permit = try budget.permit(bodyBytes: 300)
        let refused = refusal { () throws(ServiceError) in
            try permit.charge(workBytes: bytes, answerBytes: 0)
        }
        #expect(refused == expected)
        // Whoever is refused keeps what it had.
        #expect(usage(budget)[2] == 900 + (expected == nil ? bytes : 0))
        withExtendedLifetime(held) {}
    }

    @Test(arguments: [(7000, nil), (7001, "insufficient_memory ")] as [(Int, String?)])
    func `grants no more than the system does to all together`(bytes: Int, expected: String?) throws
    {
        let budget = budget { $0 <= 8000 + JobBudget.besideBytes }
        let held = Box(try budget.permit(bodyBytes: 600))
        var permit = try budget.permit(bodyBytes: 400)
        let refused = refusal { () throws(ServiceError) in
            try permit.charge(workBytes: bytes, answerBytes: 0)
        }
        #expect(refused == expected)
        #expect(usage(budget)[2] == 1000 + (expected == nil ? bytes : 0))
        withExtendedLifetime(held) {}
    }

    @Test func `refuses for ever what no waiting would make fit`() throws {
        let budget = budget()
        var permit = try budget.permit(bodyBytes: 300)
        let tooMuch = refusal { () throws(ServiceError) in
            try permit.charge(workBytes: 9701, answerBytes: 0)
        }
        #expect(tooMuch == "batch_too_large max-memory-bytes")
        let beyond = refusal { () throws(ServiceError) in
            try permit.charge(workBytes: .max, answerBytes: 0)
        }
        #expect(beyond == "batch_too_large max-memory-bytes")
    }

    @Test(arguments: [(5000, nil), (5001, "batch_too_large max-answer-bytes")] as [(Int, String?)])
    func `allows an answer of so many bytes`(bytes: Int, expected: String?) throws {
        let budget = budget()
        var permit = try budget.permit(bodyBytes: 1)
        let refused = refusal { () throws(ServiceError) in
            try permit.charge(workBytes: 0, answerBytes: bytes)
        }
        #expect(refused == expected)
    }

    /// A permit in a place that can be copied.
    private final class Box {
        private let permit: Permit

        init(_ permit: consuming Permit) { self.permit = permit }
    }
}
