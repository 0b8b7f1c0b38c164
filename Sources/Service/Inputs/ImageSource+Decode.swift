import Codecs
import Inference

/// Decoded images of one source and what was lost on the way.
struct DecodedImages: Sendable {
    let images: [Image]
    let notes: DecodingNotes
}

extension ImageSource {
    /// Decodes the samples; they are checked against the declared range here.
    ///
    /// - Parameter isCancelled: asked every few milliseconds; once true, `deadline_exceeded` is
    ///   thrown.
    func decode(isCancelled: () -> Bool) throws(ServiceError) -> DecodedImages {
        switch content {
        case .file(let format, let header): try decodeFile(format, header, isCancelled)
        case .array(let view, let layout, let range):
            try decodeArray(view, layout, range, isCancelled)
        }
    }

    private func decodeFile(
        _ format: ImageFormat, _ header: ImageHeader, _ isCancelled: () -> Bool
    ) throws(ServiceError) -> DecodedImages {
        let raster: RasterImage
        do {
            raster = try payload.withSpan { bytes throws(ImageError) in
                try format.decode(bytes, header.width * header.height, isCancelled)
            }
        } catch {
            throw ServiceError(error, role: role)
        }
        let (width, height, channels) = (raster.width, raster.height, raster.channels)
        let image =
            switch raster.samples {
            case .uint8(let samples):
                Image(width: width, height: height, channels: channels, uint8: samples)
            case .uint16(let samples):
                Image(width: width, height: height, channels: channels, uint16: samples)
            }
        return DecodedImages(images: [image], notes: DecodingNotes(raster.notes))
    }

    private func decodeArray(
        _ view: TensorView, _ layout: ChannelLayout, _ range: SampleRange?,
        _ isCancelled: () -> Bool
    ) throws(ServiceError) -> DecodedImages {
        let stride = height * width * channels
        let starts = (0..<samples).map { $0 * stride }
        let images: [Image]
        if let range {
            let values = try floats(view, range, isCancelled)
            images = starts.map {
                Image(
                    width: width, height: height, channels: channels, layout: layout,
                    float32: values,
                    range: range, start: $0)
            }
        } else if !view.isPlainBytes {
            let values = try bytes(view, isCancelled)
            images = starts.map {
                Image(
                    width: width, height: height, channels: channels, layout: layout,
                    uint8: values, start: $0)
            }
        } else {
            let first = payload.range.lowerBound + view.byteRange.lowerBound
            images = starts.map {
                Image(
                    width: width, height: height, channels: channels, layout: layout,
                    uint8: payload.bytes, start: first + $0)
            }
        }
        return DecodedImages(
            images: images, notes: DecodingNotes(channels == 4 ? [.alphaDropped] : []))
    }

    private func bytes(
        _ view: TensorView, _ isCancelled: () -> Bool
    ) throws(ServiceError) -> [UInt8] {
        do {
            return try payload.withSpan { bytes throws(ElementError) in
                try Elements.uint8(view, of: bytes, isCancelled: isCancelled)
            }
        } catch {
            throw ServiceError(error, role: role)
        }
    }

    private func floats(
        _ view: TensorView, _ range: SampleRange, _ isCancelled: () -> Bool
    ) throws(ServiceError) -> [Float] {
        func check() throws(ServiceError) { if isCancelled() { throw .deadlineExceeded } }
        var values = try floats(view, isCancelled)
        switch options.outOfRange {
        case .allow: break
        case .clamp:
            let (least, greatest) = (range.bounds.lowerBound, range.bounds.upperBound)
            values = try values.map(checking: check) { min(max($0, least), greatest) }
        case .refuse:
            var index: Int?
            try values.forEachBlock(checking: check) { block in
                if index == nil { index = range.firstViolation(in: values[block]) }
            }
            guard let index else { break }
            throw ServiceError(
                .rangeViolation,
                "The array \(role) has a value outside the declared range \(range.rawValue) at "
                    + "flat index \(index); declare another range, scale the values, or say what "
                    + "becomes of them with the option out_of_range: allow or clamp.")
        }
        return values
    }

    private func floats(
        _ view: TensorView, _ isCancelled: () -> Bool
    ) throws(ServiceError) -> [Float] {
        do {
            return try payload.withSpan { bytes throws(ElementError) in
                try Elements.float32(view, of: bytes, isCancelled: isCancelled)
            }
        } catch {
            throw ServiceError(error, role: role)
        }
    }

    /// The values as they were sent and the range that they are clamped to; nil where they are not.
    func unclamped(
        isCancelled: () -> Bool
    ) throws(ServiceError) -> (values: [Float], range: SampleRange)? {
        guard options.outOfRange == .clamp, case .array(let view, _, let range?) = content else {
            return nil
        }
        return (try floats(view, isCancelled), range)
    }
}
