import Codecs
import Inference

extension StatisticsValues {
    /// The member of an answer, and the key of metadata, that says what statistics are of.
    static let originName = "origin"

    /// Tensors `<statistic>.<layer>`, and the origin as JSON in the metadata.
    init(
        safetensors payload: Payload, _ role: String, _ intake: Intake
    ) throws(ServiceError) {
        // Doubles, and half as many sums, of halves at the least.
        try intake.charge(payload.count.times(6))
        let file: SafetensorsFile
        do {
            file = try payload.withSpan { bytes throws(SafetensorsError) in
                try SafetensorsFile.parse(bytes)
            }
        } catch {
            throw ServiceError(error)
        }
        guard
            let text = file.metadata.first(where: { $0.key.equals(Self.originName) })?.value
        else {
            throw Self.malformed(role, "have no metadata that says what they are of")
        }
        self.init(try StatisticsOrigin.read(try Self.json(text.utf8, valuesMax: 8192, intake)))
        let prefix = "\(origin.statistic.kind?.rawValue ?? "")."
        for (label, view) in file.tensors {
            guard let name = label.name, name.hasPrefix(prefix), !view.elementType.isInteger else {
                throw Self.malformed(role, "have the tensor \(Excerpt.quoted(label))")
            }
            let values: [Double]
            do {
                values = try payload.withSpan { bytes throws(ElementError) in
                    try Elements.float64(view, of: bytes, isCancelled: intake.isCancelled)
                }
            } catch {
                throw ServiceError(error, role: role)
            }
            add(String(name.dropFirst(prefix.utf8.count)), view.shape, values)
        }
    }

    /// The JSON form, with every digit of the values.
    init(json payload: Payload, _ role: String, _ intake: Intake) throws(ServiceError) {
        let text = payload.bytes[payload.range]
        // A value is one of a list or of an object, so that there are at most so many.
        let valuesMax = 1 + text.count { ",[{".utf8.contains($0) }
        try intake.charge(valuesMax.times(MemoryLayout<JSON.Member>.stride + 24))
        let json = try Self.json(text, valuesMax: 2 * valuesMax, intake)
        guard let origin = json[Self.originName], origin != .null,
            case .object(let members) = json["layers"]
        else {
            throw Self.malformed(role, "have no members origin and layers")
        }
        self.init(try StatisticsOrigin.read(origin))
        for member in members {
            guard let name = member.name.name, case .array(let sides) = member.value["shape"],
                case .array(let items) = member.value["data"]
            else {
                throw Self.malformed(role, "have a layer without shape and data")
            }
            let shape = sides.map { side in
                if case .integer(let count) = side { count } else { -1 }
            }
            let values = items.compactMap(\.double)
            guard values.count == items.count, shape.allSatisfy({ $0 >= 0 }),
                shape.reduce(1, { $0.times($1) }) == values.count
            else {
                throw Self.malformed(role, "have other numbers at \(name) than its shape says")
            }
            guard values.allSatisfy(\.isFinite) else {
                throw ServiceError(
                    .nonFiniteInput, "The statistics of \(role) are not finite at \(name).")
            }
            add(name, shape, values)
        }
    }

    private static func json(
        _ text: ArraySlice<UInt8>, valuesMax: Int, _ intake: Intake
    ) throws(ServiceError) -> JSON {
        do {
            return try JSON.parse(text, valuesMax: valuesMax, isCancelled: intake.isCancelled)
        } catch {
            throw ServiceError(error)
        }
    }
}
