/// Something for each kind of tap that one stage of a walk makes.
package struct Sinks<Value> {
    package var conv: Value?
    package var relu: Value?
    package var pool: Value?

    package subscript(kind: Tap.Kind) -> Value? {
        get {
            switch kind {
            case .conv: conv
            case .relu: relu
            case .pool: pool
            }
        }
        set {
            switch kind {
            case .conv: conv = newValue
            case .relu: relu = newValue
            case .pool: pool = newValue
            }
        }
    }

    /// One made for each kind, or none.
    package init(_ make: (Tap.Kind) -> Value? = { _ in nil }) {
        conv = make(.conv)
        relu = make(.relu)
        pool = make(.pool)
    }
}
