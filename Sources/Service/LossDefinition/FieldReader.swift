import Codecs
import Inference

/// Reads the members of a definition; every fault names the member, as `loss.terms[1].layers`.
struct FieldReader: FieldVisitor {
    let isReading = true
    private let path: String
    private let members: [JSON.Member]
    private var known: [String] = []

    init(_ json: JSON, path: String) throws(ServiceError) {
        guard case .object(let members) = json else {
            throw Self.fault(path, "must be an object")
        }
        self.path = path
        self.members = members
    }

    /// A value whose members an object has, the others as in `blank`.
    static func read<Value: Visited>(
        _ json: JSON, path: String, _ blank: Value
    ) throws(ServiceError) -> Value {
        var value = blank
        var reader = try FieldReader(json, path: path)
        try value.visit(&reader)
        try reader.checkAllKnown()
        return value
    }

    mutating func visit(_ name: String, _ value: inout JSON?) throws(ServiceError) {
        known.append(name)
        value = members.first { $0.name.equals(name) }?.value
    }

    mutating func object<Value: Visited>(
        _ name: String, _ value: inout Value
    ) throws(ServiceError) {
        var json: JSON?
        try visit(name, &json)
        guard let json else { return }
        value = try Self.read(json, path: "\(path).\(name)", value)
    }

    mutating func object<Value: Visited>(
        _ name: String, _ value: inout Value?, _ blank: Value
    ) throws(ServiceError) {
        var json: JSON?
        try visit(name, &json)
        switch json {
        case nil: return
        case .null: value = nil
        case let json?: value = try Self.read(json, path: "\(path).\(name)", blank)
        }
    }

    mutating func objects<Value: Visited>(
        _ name: String, _ values: inout [Value], _ blank: Value
    ) throws(ServiceError) {
        var json: JSON?
        try visit(name, &json)
        guard case .array(let items) = json else { throw fault(name, "must be a list") }
        values = []
        for (index, item) in items.enumerated() {
            values.append(try Self.read(item, path: "\(path).\(name)[\(index)]", blank))
        }
    }

    func fault(_ name: String, _ sentence: String) -> ServiceError {
        Self.fault(name.isEmpty ? path : "\(path).\(name)", sentence)
    }

    private func checkAllKnown() throws(ServiceError) {
        for member in members where !known.contains(where: { member.name.equals($0) }) {
            throw Self.fault(
                path,
                "has the member \(Excerpt.quoted(member.name)), which is not known"
                    + "\(Excerpt.suggestion(member.name.name, of: known)); the members are "
                    + known.joined(separator: ", "))
        }
    }

    private static func fault(_ path: String, _ sentence: String) -> ServiceError {
        ServiceError(.invalidLoss, "\(path) \(sentence).")
    }
}

/// Writes the members of a definition.
struct FieldWriter: FieldVisitor {
    let isReading = false
    private var members: [JSON.Member] = []

    /// A value as an object of all its members.
    static func json<Value: Visited>(_ value: Value) -> JSON {
        var value = value
        var writer = FieldWriter()
        do {
            try value.visit(&writer)
        } catch {
            preconditionFailure("writing checks nothing: \(error)")
        }
        return .object(writer.members)
    }

    mutating func visit(_ name: String, _ value: inout JSON?) {
        if let value { members.append(.init(name, value)) }
    }

    mutating func object<Value: Visited>(_ name: String, _ value: inout Value) {
        members.append(.init(name, Self.json(value)))
    }

    mutating func object<Value: Visited>(_ name: String, _ value: inout Value?, _ blank: Value) {
        members.append(.init(name, value.map { Self.json($0) } ?? .null))
    }

    mutating func objects<Value: Visited>(_ name: String, _ values: inout [Value], _ blank: Value) {
        var items: [JSON] = []
        for value in values { items.append(Self.json(value)) }
        members.append(.init(name, .array(items)))
    }

    func fault(_ name: String, _ sentence: String) -> ServiceError {
        ServiceError(.internalError, "\(name) \(sentence).")
    }
}
