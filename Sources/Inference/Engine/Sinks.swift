/// Something for each kind of tap that one stage of a walk makes.
struct Sinks<Value> {
    var conv: Value?
    var relu: Value?
    var pool: Value?

    subscript(kind: Tap.Kind) -> Value? {
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
    init(_ make: (Tap.Kind) -> Value? = { _ in nil }) {
        conv = make(.conv)
        relu = make(.relu)
        pool = make(.pool)
    }
}
