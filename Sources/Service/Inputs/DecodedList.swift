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

    /// Of masks of 8 bits that hold 0 and 1 alone: nearly always 0 and 255 are meant.
    var bitMaskWarnings: [Warning] {
        guard images.contains(where: { $0.highestByte == 1 }) else { return [] }
        return [
            Warning(
                code: "mask_of_0_and_1",
                detail:
                    "A mask of 8 bits holds only 0 and 1, and was taken as written: 1 is 1/255, "
                    + "nearly a hole. If 1 is to mean all of a pixel, send 255.")
        ]
    }
}
