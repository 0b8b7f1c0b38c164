// Who needs least, of many whose needs change.

/// Keys by priority, the least first; any key's priority may change. A binary heap that knows the
/// place of each key (R. Sedgewick and K. Wayne, Algorithms, 4th edition, §2.4): every change takes
/// time logarithmic in the number of keys.
package struct IndexedHeap<Key: Hashable> {
    private var heap: [(key: Key, priority: Int)] = []
    private var places: [Key: Int] = [:]

    package init() {}

    package var isEmpty: Bool { heap.isEmpty }

    /// The key with the least priority.
    package var first: (key: Key, priority: Int)? { heap.first }

    /// Adds a key, or gives it another priority.
    package mutating func update(_ key: Key, priority: Int) {
        if let place = places[key] {
            heap[place].priority = priority
            sink(rise(place))
        } else {
            heap.append((key, priority))
            places[key] = heap.count - 1
            _ = rise(heap.count - 1)
        }
    }

    /// Takes a key out, if it is there.
    package mutating func remove(_ key: Key) {
        guard let place = places.removeValue(forKey: key) else { return }
        let last = heap.removeLast()
        guard place < heap.count else { return }
        heap[place] = last
        places[last.key] = place
        sink(rise(place))
    }

    private mutating func rise(_ start: Int) -> Int {
        var place = start
        while place > 0, heap[place].priority < heap[(place - 1) / 2].priority {
            swap(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
        return place
    }

    private mutating func sink(_ start: Int) {
        var place = start
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
                if heap[child].priority < heap[least].priority { least = child }
            }
            guard least != place else { return }
            swap(place, least)
            place = least
        }
    }

    private mutating func swap(_ a: Int, _ b: Int) {
        heap.swapAt(a, b)
        places[heap[a].key] = a
        places[heap[b].key] = b
    }
}
