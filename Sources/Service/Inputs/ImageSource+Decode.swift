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
        let values: [Float]
        do {
            values = try payload.withSpan { bytes throws(ElementError) in
                try Elements.float32(view, of: bytes, isCancelled: isCancelled)
            }
        } catch {
            throw ServiceError(error, role: role)
        }
        if let index = range.firstViolation(in: values[...]) {
            throw ServiceError(
                .rangeViolation,
                "The array \(role) has a value outside the declared range \(range.rawValue) at "
                    + "flat index \(index); "
                    + "declare another range or scale the values.")
        }
        return values
    }
}
