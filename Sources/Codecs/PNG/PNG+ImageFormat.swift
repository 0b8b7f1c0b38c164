extension ImageFormat {
    /// PNG.
    public static let png = ImageFormat(
        name: "PNG", mediaType: "image/png", kind: .png, isLossless: true,
        header: { bytes throws(ImageError) in
            do throws(PNGError) {
                let header = try PNG.header(bytes)
                let (bytes, overflow) = header.decodedByteCount.addingReportingOverflow(
                    header.workingByteCount)
                return ImageHeader(
                    width: header.width, height: header.height, channels: header.channels,
                    decodedByteCount: overflow ? .max : bytes)
            } catch {
                throw ImageError(error)
            }
        },
        decode: { bytes, pixelsMax, isCancelled throws(ImageError) in
            do throws(PNGError) {
                return RasterImage(
                    try PNG.decode(bytes, pixelsMax: pixelsMax, isCancelled: isCancelled))
            } catch {
                throw ImageError(error)
            }
        })
}

extension RasterImage {
    fileprivate init(_ image: PNGImage) {
        (width, height, channels) = (image.width, image.height, image.channels)
        samples = image.samples
        notes =
            (image.hadAlpha ? [.alphaDropped] : [])
            + PNGIrregularity.allCases.filter(image.irregularities.contains).map {
                .irregular(format: "PNG", clause: $0.description)
            }
    }
}

extension ImageError {
    fileprivate init(_ error: PNGError) {
        switch error {
        case .tooManyPixels(let width, let height, let limit):
            cause = .tooManyPixels(actual: width * height, limit: limit)
        case .cancelled: cause = .cancelled
        case .outOfMemory: cause = .outOfMemory
        default: cause = .invalid
        }
        description = error.description
    }
}
