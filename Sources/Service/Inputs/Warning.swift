import Codecs

/// Something about a request that its sender may not have meant.
public struct Warning: Sendable, Equatable {
    /// What it is, for programs.
    public let code: String
    /// One sentence.
    public let detail: String

    /// An element of `warnings` in an answer.
    public var json: JSON { ["code": .string(code), "detail": .string(detail)] }
}

extension [Warning] {
    /// A line a warning, for forms in which a name has a text: what metadata and parameters call
    /// `warnings`. None is no text.
    var lines: String? {
        isEmpty ? nil : map { "\($0.code): \($0.detail)" }.joined(separator: "\n")
    }
}

/// What decoding dropped or passed over, each thing once: what the sender of an image is warned of.
struct DecodingNotes: Sendable, Equatable {
    private(set) var notes: [ImageNote] = []

    init(_ notes: [ImageNote] = []) { self.notes = notes }

    var dropsAlpha: Bool { notes.contains(.alphaDropped) }

    mutating func formUnion(_ other: DecodingNotes) {
        for note in other.notes where !notes.contains(note) { notes.append(note) }
    }

    /// - Parameter role: the name of the part, `output`.
    func warnings(_ role: String) -> [Warning] { notes.map { Warning($0, role) } }
}

extension Warning {
    init(_ note: ImageNote, _ role: String) {
        switch note {
        case .alphaDropped:
            self.init(
                code: "alpha_dropped",
                detail:
                    "An image of \(role) has alpha or a transparent colour; it was dropped, not "
                    + "blended.")
        case .orientationIgnored(let orientation):
            self.init(
                code: "orientation_ignored",
                detail: "A JPEG of \(role) has the EXIF orientation \(orientation), which was not "
                    + "applied: its pixels are compared as they are stored.")
        case .irregular(let format, let clause):
            self.init(
                code: "irregular_\(format.lowercased())",
                detail: "A \(format) of \(role) has \(clause); its samples are whole, and it was "
                    + "read.")
        }
    }

    /// Of a part whose declared type is not what its bytes are, which decide.
    static func contradictedType(_ role: String, declared: String, found: String) -> Warning {
        Warning(
            code: "contradicted_type",
            detail: "A part of \(role) is declared as \(declared) and is \(found); it was read as "
                + "what it is.")
    }
}

extension Sequence<DecodingNotes> {
    /// The warnings of several images of one role, each once.
    func warnings(_ role: String) -> [Warning] {
        reduce(into: DecodingNotes()) { $0.formUnion($1) }.warnings(role)
    }
}

extension ImageList {
    /// The warnings about how the images were sent, each once.
    var warnings: [Warning] {
        sources.reduce(into: []) { warnings, source in
            if let warning = source.warning, !warnings.contains(warning) {
                warnings.append(warning)
            }
        }
    }
}
