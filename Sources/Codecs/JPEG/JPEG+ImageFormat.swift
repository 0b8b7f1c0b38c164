extension ImageFormat {
    /// JPEG.
    public static let jpeg = ImageFormat(
        name: "JPEG", mediaType: "image/jpeg", kind: .jpeg, isLossless: false,
        header: { bytes throws(ImageError) in
            do throws(JPEGError) {
                let header = try JPEG.header(bytes)
                return ImageHeader(
                    width: header.width, height: header.height, channels: header.channels,
                    decodedByteCount: header.decodedByteCount)
            } catch {
                throw ImageError(error)
            }
        },
        decode: { bytes, pixelsMax, isCancelled throws(ImageError) in
            do throws(JPEGError) {
                return RasterImage(
                    try JPEG.decode(bytes, pixelsMax: pixelsMax, isCancelled: isCancelled))
            } catch {
                throw ImageError(error)
            }
        })
}

extension RasterImage {
    fileprivate init(_ image: JPEGImage) {
        (width, height, channels) = (image.width, image.height, image.channels)
        samples = .uint8(image.samples)
        notes =
            (image.orientation == 1 ? [] : [.orientationIgnored(image.orientation)])
            + JPEGIrregularity.allCases.filter(image.irregularities.contains).map {
                .irregular(format: "JPEG", clause: $0.description)
            }
    }
}

extension ImageError {
    fileprivate init(_ error: JPEGError) {
        switch error {
        case .tooManyPixels(let width, let height, let limit):
            cause = .tooManyPixels(actual: width * height, limit: limit)
        case .unsupported: cause = .unsupported
        case .cancelled: cause = .cancelled
        case .outOfMemory: cause = .outOfMemory
        default: cause = .invalid
        }
        description = error.description
    }
}
