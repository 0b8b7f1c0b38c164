import HTTP
import Testing

@Suite struct IndexedHeapTests {
    /// A sequence of numbers without a pattern (the minimal standard generator of Park and Miller).
    private struct Numbers {
        var state = 1

        mutating func next(below bound: Int) -> Int {
            state = state * 48_271 % 2_147_483_647
            return state % bound
        }
    }

    @Test func `is empty at first, and again`() {
        var heap = IndexedHeap<Int>()
        #expect(heap.isEmpty && heap.first == nil)
        heap.update(7, priority: 1)
        #expect(heap.first?.key == 7 && heap.first?.priority == 1)
        heap.remove(8)
        heap.remove(7)
        #expect(heap.isEmpty && heap.first == nil)
    }

    @Test func `names the least of whatever a dictionary holds after the same changes`() {
        var (heap, twin, numbers) = (IndexedHeap<Int>(), [Int: Int](), Numbers())
        for _ in 0..<20_000 {
            let (key, priority) = (numbers.next(below: 60), numbers.next(below: 1000))
            if numbers.next(below: 3) == 0 {
                heap.remove(key)
                twin[key] = nil
            } else {
                heap.update(key, priority: priority)
                twin[key] = priority
            }
            #expect(heap.isEmpty == twin.isEmpty)
            #expect(heap.first?.priority == twin.values.min())
            if let first = heap.first { #expect(twin[first.key] == first.priority) }
        }
    }
}
