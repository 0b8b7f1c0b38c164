import Inference

extension Loss {
    /// Most sizes of a pyramid.
    static let levelsMax = 8

    /// Changes the sizes that images are compared in, as short options say, and says which those were.
    mutating func changeSizes(_ options: OptionSet) throws(ServiceError) -> [OptionName] {
        var changed: [OptionName] = []
        if let text = try options.text(.resize) {
            changed.append(.resize)
            if text == "none" {
                resize = nil
            } else if let size = Resize.Size(option: text) {
                resize = Resize(size)
            } else {
                throw ServiceError(
                    .invalidOption,
                    "The option resize must be none, exact:HEIGHTxWIDTH, short_side:PIXELS or "
                        + "max_side:PIXELS, sides from 1 to \(Resize.sides.upperBound); it has "
                        + "\(Excerpt.quoted(text)).")
            }
        }
        let filter: ResampleFilter? = try options.choice(.resizeFilter)
        let antialiases = try options.optionalFlag(.antialias)
        let enlarges = try options.optionalFlag(.enlarge)
        for (option, isThere) in [
            (OptionName.resizeFilter, filter != nil), (.antialias, antialiases != nil),
            (.enlarge, enlarges != nil),
        ] where isThere {
            guard resize != nil else {
                throw ServiceError(
                    .invalidOption,
                    "The option \(option.rawValue) says how images are resized, and they are not; add "
                        + "the option resize.")
            }
            changed.append(option)
        }
        if let filter { resize?.filter = filter }
        if let antialiases { resize?.antialiases = antialiases }
        if let enlarges { resize?.enlarges = enlarges }
        if let count = try options.integer(.pyramid, in: 1...Self.levelsMax) {
            levels = count
            changed.append(.pyramid)
        }
        return changed
    }
}
