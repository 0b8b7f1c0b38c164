import Codecs
import HTTP

/// Reads the inputs of an inference request one after the other: their elements stand in the JSON or,
/// in the same order, behind it.
struct TensorReader {
    private let body: [UInt8]
    private var position: Int
    private let intake: Intake

    /// - Parameter position: where the bytes behind the JSON begin.
    init(_ body: [UInt8], from position: Int, _ intake: Intake) {
        self.body = body
        self.position = position
        self.intake = intake
    }

    /// The images of an input: one array of them, or as many files as it has elements.
    mutating func contents(
        of input: JSON, _ role: String
    ) throws(ServiceError) -> [Submission.Content] {
        let shape = try shape(of: input, role)
        guard
            let name = try InferenceRequest.text(input["datatype"], "datatype")?.name,
            let datatype = TensorDatatype(rawValue: name)
        else {
            throw ServiceError(
                .dtypeUnsupported,
                "The datatype of \(role) must be one of "
                    + TensorDatatype.allCases.map(\.rawValue).joined(separator: ", ") + ".")
        }
        let parameters = try InferenceRequest.members(input["parameters"], "parameters")
        let size = parameters.first { $0.name.equals("binary_data_size") }?.value
        let data = input["data"]
        guard (size == nil) != (data == nil) else {
            throw InferenceRequest.malformed(
                "The input \(role) needs its elements once: data, or binary_data_size in its "
                    + "parameters and the bytes behind the JSON.")
        }
        let contents: [Submission.Content]
        switch (datatype.elementType, size) {
        case (let type?, let size?):
            contents = [try tensor(type, shape, Payload(body, try take(size, role)), role)]
        case (let type?, nil):
            contents = [try numbers(data, type, shape, role)]
        case (nil, let size?): contents = try files(in: try take(size, role), role)
        case (nil, nil): contents = try files(data, role)
        }
        if datatype == .bytes, contents.count != shape.reduce(1, { $0.times($1) }) {
            throw Self.wrongShape(role, "\(contents.count) elements")
        }
        return contents
    }

    /// - Throws: when there are bytes that belong to no input.
    func end() throws(ServiceError) {
        guard position == body.count else {
            throw InferenceRequest.malformed(
                "\(body.count - position) bytes at the end of the body belong to no input.")
        }
    }

    private func shape(of input: JSON, _ role: String) throws(ServiceError) -> [Int] {
        var shape: [Int] = []
        for item in try InferenceRequest.items(input["shape"], "shape") {
            guard case .integer(let dimension) = item, dimension >= 0 else {
                throw ServiceError(.invalidTensor, "The shape of \(role) must be a list of sizes.")
            }
            shape.append(dimension)
        }
        return shape
    }

    private static func wrongShape(_ role: String, _ found: String) -> ServiceError {
        ServiceError(
            .invalidTensor,
            "The input \(role) has \(found), which is not what its shape and datatype say.")
    }

    private func tensor(
        _ type: ElementType, _ shape: [Int], _ payload: Payload, _ role: String
    ) throws(ServiceError) -> Submission.Content {
        guard
            let view = TensorView(elementType: type, shape: shape, byteRange: 0..<payload.count)
        else { throw Self.wrongShape(role, "\(payload.count) bytes") }
        return .tensor(view, payload)
    }

    /// The next bytes behind the JSON.
    private mutating func take(_ size: JSON, _ role: String) throws(ServiceError) -> Range<Int> {
        guard case .integer(let count) = size, count >= 0, count <= body.count - position else {
            throw InferenceRequest.malformed(
                "The binary_data_size of \(role) must be the number of its bytes; "
                    + "\(body.count - position) are left of the body.")
        }
        defer { position += count }
        return position..<position + count
    }

    /// Numbers of JSON, in lists as deep as the shape or in one: float64 or, for integers, int64.
    private func numbers(
        _ data: JSON?, _ type: ElementType, _ shape: [Int], _ role: String
    ) throws(ServiceError) -> Submission.Content {
        var words: [UInt64] = []
        try intake.charge(leafCount(data).times(2 * MemoryLayout<UInt64>.size))
        try collect(data, role) { value throws(ServiceError) in
            if type.isInteger, case .integer(let integer) = value {
                words.append(UInt64(bitPattern: Int64(integer)).littleEndian)
            } else if !type.isInteger, let double = value.double {
                words.append(double.bitPattern.littleEndian)
            } else {
                throw InferenceRequest.malformed(
                    "The data of \(role) must be numbers of its datatype.")
            }
        }
        let bytes = unsafe words.withUnsafeBytes { unsafe Array($0) }
        return try tensor(type.isInteger ? .int64 : .float64, shape, Payload(bytes), role)
    }

    private func leafCount(_ value: JSON?) -> Int {
        guard case .array(let items) = value else { return 1 }
        return items.reduce(0) { $0 + leafCount($1) }
    }

    private func collect(
        _ value: JSON?, _ role: String, _ take: (JSON) throws(ServiceError) -> Void
    ) throws(ServiceError) {
        guard case .array(let items) = value else {
            throw InferenceRequest.malformed("The data of \(role) must be an array.")
        }
        for item in items {
            if case .array = item { try collect(item, role, take) } else { try take(item) }
        }
    }

    /// Files in JSON: base64, for bytes are no text.
    private func files(
        _ data: JSON?, _ role: String
    ) throws(ServiceError) -> [Submission.Content] {
        var files: [Submission.Content] = []
        try collect(data, role) { value throws(ServiceError) in
            guard case .text(let text) = value else {
                throw InferenceRequest.malformed("The data of \(role) must be strings of base64.")
            }
            try intake.charge(Base64.decodedByteCountMax(text.utf8.count))
            do throws(Base64Error) {
                let bytes = try Base64.decode(text.utf8.span)
                files.append(.file(Payload(bytes), contentType: nil))
            } catch {
                throw ServiceError(error, role: role)
            }
        }
        return files
    }

    /// Files as bytes: each behind its length, four bytes with the lowest first.
    private func files(
        in range: Range<Int>, _ role: String
    ) throws(ServiceError) -> [Submission.Content] {
        var files: [Submission.Content] = []
        var position = range.lowerBound
        while position < range.upperBound {
            guard range.upperBound - position >= 4 else { throw Self.cutShort(role) }
            let count = (0..<4).reduce(0) { $0 | Int(body[position + $1]) << (8 * $1) }
            position += 4
            guard count <= range.upperBound - position else { throw Self.cutShort(role) }
            files.append(
                .file(Payload(body, position..<position + count), contentType: nil))
            position += count
        }
        return files
    }

    private static func cutShort(_ role: String) -> ServiceError {
        InferenceRequest.malformed("The bytes of \(role) end inside an element.")
    }
}
