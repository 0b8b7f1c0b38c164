import Inference

/// The decoded images of one role.
struct DecodedList: Sendable {
    let images: [Image]
    /// What decoding passed over, of each image.
    let notes: [DecodingNotes]
    let warnings: [Warning]

    /// Decodes every source, several at a time when workers are idle.
    init(_ list: ImageList, _ team: Team) throws(ServiceError) {
        let sources = try team.map(list.sources.count) { index throws(ServiceError) in
            try list.sources[index].decode(isCancelled: { team.isCancelled })
        }
        images = list.references.map { sources[$0.source].images[$0.sample] }
        notes = list.references.map { sources[$0.source].notes }
        warnings = list.warnings + notes.warnings(list.sources.first?.role ?? "")
    }
}
