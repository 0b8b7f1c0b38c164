import Codecs
import HTTP

/// Bodies of multipart/form-data: a part a role, an option, or the JSON object of options.
extension Submission {
    /// Longer than any list of layers with weights; a query has no room for more.
    private static let fieldBytesMax = 8192

    init(
        multipart body: [UInt8], _ contentType: String, _ names: PartNames, _ intake: Intake
    ) throws(ServiceError) {
        let parts: [MultipartPart]
        do {
            parts = try MultipartParser.parse(
                body, contentType: contentType, isCancelled: intake.isCancelled)
        } catch {
            throw ServiceError(error)
        }
        self.init(parts: [])
        for part in parts {
            let payload = Payload(body, part.body)
            let text = UTF8Text(validated: part.name[...])
            let name = text.name ?? ""
            if payload.count == 0, !part.hasFileName, names.mayBeEmpty(name) { continue }
            if name == "options" {
                try readOptions(payload, intake)
            } else if let role = names.referenced(name) {
                try readReference(role, payload)
            } else if let option = names.option(name), !names.isVector(name, payload) {
                try readField(option, payload, intake)
            } else {
                let name = try names.name(text)
                if LossTargets.Role(rawValue: name) != nil, GivenStatistics.isMeant(payload) {
                    let statistics = try GivenStatistics(payload, role: name, intake)
                    self.parts.append((name, .statistics(statistics)))
                    continue
                }
                self.parts.append(
                    (name, try Self.file(payload, part.contentType, name, intake)))
            }
        }
    }

    /// What a form's part holds; a data URI pasted into it is decoded.
    private static func file(
        _ payload: Payload, _ contentType: String?, _ role: String, _ intake: Intake
    ) throws(ServiceError) -> Content {
        let bytes = payload.bytes[payload.range]
        guard DataURI.isMeant(bytes) else { return .file(payload, contentType: contentType) }
        return try file(bytes, nil, role, intake)
    }

    private mutating func readOptions(_ payload: Payload, _ intake: Intake) throws(ServiceError) {
        guard options.isEmpty else {
            throw ServiceError(.badRequest, "The part options is there twice; send it once.")
        }
        guard case .object(let members) = try Self.json(payload, "options", intake) else {
            throw ServiceError(.badRequest, "The part options must be a JSON object.")
        }
        options = members
    }

    /// `-F layers=relu1_1`: what the query would say; the definition of a loss is JSON here.
    private mutating func readField(
        _ option: OptionName, _ payload: Payload, _ intake: Intake
    ) throws(ServiceError) {
        guard fields[option] == nil else {
            throw ServiceError(
                .badRequest, "The field \(option.rawValue) is there twice; send it once.")
        }
        guard option != .loss else {
            fields[option] = .json(try Self.json(payload, option.rawValue, intake))
            return
        }
        let bytes = ASCII.trimmed(payload.bytes[payload.range])
        guard bytes.count <= Self.fieldBytesMax, bytes.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            throw ServiceError(
                .invalidOption,
                "The field \(option.rawValue) must be ASCII text of at most \(Self.fieldBytesMax) "
                    + "bytes, as in the query; it holds \(Excerpt.quoted(bytes)).")
        }
        fields[option] = .text(String(decoding: bytes, as: UTF8.self))
    }

    /// A part that is JSON; where it is not, it is likely that a file was meant.
    private static func json(
        _ payload: Payload, _ name: String, _ intake: Intake
    ) throws(ServiceError) -> JSON {
        do {
            return try JSON(parsing: payload, intake)
        } catch {
            let bytes = payload.bytes[payload.range]
            guard bytes.reversed().starts(with: ".json".utf8.reversed()) else { throw error }
            throw ServiceError(
                .badRequest,
                "The part \(name) holds the text \(Excerpt.quoted(bytes)), not JSON; with curl, "
                    + "write -F '\(name)=<FILE'.")
        }
    }

    private mutating func readReference(
        _ role: String, _ payload: Payload
    ) throws(ServiceError) {
        guard targetReferences[role] == nil else {
            throw ServiceError(.badRequest, "The part \(role)_ref is there twice; send it once.")
        }
        targetReferences[role] = try TargetDigest(
            parsing: ASCII.trimmed(payload.bytes[payload.range]))
    }
}
