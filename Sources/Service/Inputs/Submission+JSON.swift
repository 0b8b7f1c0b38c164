import Codecs

/// JSON bodies: a member a role, an image or an array of images each.
extension Submission {
    /// - Parameter intake: what books memory before it is taken: for texts with escapes, which are at
    ///   most half as long as they were written, and for what base64 decodes to. Texts without
    ///   escapes are slices of the body.
    init(
        json body: [UInt8], _ names: PartNames, _ intake: Intake
    ) throws(ServiceError) {
        if try Self.hasEscape(body, intake) { try intake.charge(body.count / 2) }
        guard case .object(let members) = try JSON(parsing: Payload(body), intake) else {
            throw ServiceError(.badRequest, "The JSON body must be an object.")
        }
        self.init(parts: [])
        for member in members {
            switch member.name {
            case "options": try readOptions(member.value)
            default:
                let name = try names.name(member.name)
                if member.value["ref"] != nil, LossTargets.Role(rawValue: name) != nil {
                    targetReferences[name] = try Self.reference(member.value)
                    continue
                }
                for image in Self.items(member.value) {
                    parts.append((name, try Self.image(image, name, intake)))
                }
            }
        }
    }

    private static func hasEscape(_ body: [UInt8], _ intake: Intake) throws(ServiceError) -> Bool {
        for start in stride(from: 0, to: body.count, by: Intake.bytesBetweenLooks) {
            try intake.look()
            let end = min(start + Intake.bytesBetweenLooks, body.count)
            if body[start..<end].contains(UInt8(ascii: "\\")) { return true }
        }
        return false
    }

    private mutating func readOptions(_ value: JSON) throws(ServiceError) {
        guard case .object(let members) = value else {
            throw ServiceError(
                .badRequest, "The member options must be an object, {\"layers\": [\"relu1_1\"]}.")
        }
        options = members
    }

    private static func items(_ value: JSON) -> [JSON] {
        switch value {
        case .array(let items): items
        case .null: []
        default: [value]
        }
    }

    private static func reference(_ value: JSON) throws(ServiceError) -> TargetDigest {
        guard case .object(let members) = value, members.count == 1,
            case .text(let text) = members[0].value
        else {
            throw ServiceError(
                .badRequest, "A target by reference is {\"ref\": digest} and nothing more.")
        }
        return try TargetDigest(parsing: text.utf8)
    }

    private static func image(
        _ value: JSON, _ role: String, _ intake: Intake
    ) throws(ServiceError) -> Content {
        if case .text(let text) = value { return try file(text.utf8, nil, role, intake) }
        guard case .object(let members) = value else { throw malformed(role) }
        if LossTargets.Role(rawValue: role) != nil, members.count == 1,
            case .text(let text) = value["safetensors"]
        {
            let payload = try bytes(text.utf8, role, intake)
            return .statistics(try GivenStatistics(payload, role: role, intake))
        }
        for format in ImageFormat.all where members.count == 1 {
            guard members[0].name.equals(format.name.lowercased()) else { continue }
            guard case .text(let text) = members[0].value else { throw malformed(role) }
            return try file(text.utf8, format, role, intake)
        }
        guard Set(members.map(\.name)) == ["dtype", "shape", "data"] else { throw malformed(role) }
        return try array(value, role, intake)
    }

    /// A file in base64, or in a data URI, which says itself what it is.
    static func file(
        _ text: ArraySlice<UInt8>, _ format: ImageFormat?, _ role: String, _ intake: Intake
    ) throws(ServiceError) -> Content {
        guard DataURI.isMeant(text) else {
            guard let format else { throw plainText(text, role) }
            return .file(try bytes(text, role, intake), contentType: format.mediaType)
        }
        guard let uri = DataURI(text) else {
            throw ServiceError(
                .badRequest,
                "The data URI of \(role) must begin as data:image/png;base64, does, and begins "
                    + "\(Excerpt.quoted(text.prefix(40))).")
        }
        return .file(try bytes(uri.base64, role, intake), contentType: uri.mediaType)
    }

    private static func malformed(_ role: String) -> ServiceError {
        ServiceError(
            .badRequest,
            "An image of \(role) must be {\"png\": base64}, {\"jpeg\": base64}, a data URI, or "
                + "{\"dtype\", \"shape\", \"data\": base64}."
        )
    }

    /// Text where an image should be: most likely the name of a file, or of a target.
    private static func plainText(_ text: ArraySlice<UInt8>, _ role: String) -> ServiceError {
        let start = "The member \(role) is the text \(Excerpt.quoted(text))"
        if text.starts(with: "sha256:".utf8) {
            return ServiceError(
                .badRequest, "\(start); a target by reference is {\"ref\": \"sha256:...\"}.")
        }
        return ServiceError(
            .badRequest,
            "\(start); send the image itself: {\"png\": base64 of the file}, or a data URI.")
    }

    private static func bytes(
        _ text: ArraySlice<UInt8>, _ role: String, _ intake: Intake
    ) throws(ServiceError) -> Payload {
        try intake.charge(Base64.decodedByteCountMax(text.count))
        do {
            return Payload(try Base64.decode(text.span, isCancelled: intake.isCancelled))
        } catch {
            throw ServiceError(error, role: role)
        }
    }

    private static func array(
        _ value: JSON, _ role: String, _ intake: Intake
    ) throws(ServiceError) -> Content {
        guard case .text(let name) = value["dtype"], case .array(let items) = value["shape"]
        else {
            throw malformed(role)
        }
        guard let type = ElementType.allCases.first(where: { name.equals($0.rawValue) }),
            type != .bfloat16
        else {
            throw ServiceError(
                .dtypeUnsupported,
                "The dtype of \(role) must be uint8, float16, float32 or float64, or another type "
                    + "of integers, all of them 0 to 255.")
        }
        var shape: [Int] = []
        for item in items {
            guard let dimension = item.double.flatMap(Int.init(exactly:)), dimension >= 0 else {
                throw ServiceError(.invalidTensor, "The shape of \(role) must be a list of sizes.")
            }
            shape.append(dimension)
        }
        guard case .text(let data) = value["data"] else { throw malformed(role) }
        let payload = try bytes(data.utf8, role, intake)
        guard let view = TensorView(elementType: type, shape: shape, byteRange: payload.range)
        else {
            throw ServiceError(
                .invalidTensor,
                "The data of \(role) has \(payload.count) bytes, which is not what dtype and "
                    + "shape say."
            )
        }
        return .tensor(view, payload)
    }
}
