import Codecs
import Inference

/// One image or array of images as it was sent: its header is read and held to the limits, its
/// samples are not decoded.
struct ImageSource: Sendable {
    /// The format and where the samples are.
    enum Content: Sendable {
        case file(ImageFormat, ImageHeader)
        case array(TensorView, layout: ChannelLayout, range: SampleRange?)
    }

    /// The name for sentences: `output`, `target`, `mask`, `image`.
    let role: String
    private(set) var payload: Payload
    let content: Content
    /// What of the declared layout and range decides how the samples are read: none of it for an
    /// image file, no layout for two dimensions, no range for uint8.
    let options: ArrayOptions
    let samples: Int
    let height: Int
    let width: Int
    let channels: Int
    /// What its sender should hear about how it was sent.
    var warning: Warning?

    /// The media type of the format, as registered targets report it.
    var type: MediaType {
        switch content {
        case .file(let format, _): MediaType(format.mediaType)
        case .array: .npy
        }
    }

    /// The shape reported of a registered target: (H, W, C) of an image file, an array's own.
    var shape: [Int] {
        switch content {
        case .file: [height, width, channels]
        case .array(let view, _, _): view.shape
        }
    }

    var size: ImageSize { ImageSize(height: height, width: width) }

    /// Bytes that `decode` allocates: bytes are used where they are, other elements are converted,
    /// and put in C order where they are not.
    var decodedBytes: Int {
        switch content {
        case .file(_, let header): header.decodedByteCount
        case .array(let view, _, _):
            view.isPlainBytes
                ? 0 : view.elementCount.times(4).times(view.isFortranOrder ? 2 : 1)
        }
    }

    /// The same with a copy of its bytes, which keeps no body alive.
    func withOwnBytes() -> ImageSource {
        var own = self
        own.payload = Payload(Array(payload.bytes[payload.range]))
        return own
    }

    /// An image file, from its header.
    init(
        _ format: ImageFormat, _ payload: Payload, role: String, limits: ImageLimits
    ) throws(ServiceError) {
        let header: ImageHeader
        do {
            header = try payload.withSpan { bytes throws(ImageError) in try format.header(bytes) }
        } catch {
            throw ServiceError(error, role: role)
        }
        self.role = role
        self.payload = payload
        content = .file(format, header)
        options = ArrayOptions(layout: nil, range: nil)
        (samples, height, width, channels) = (1, header.height, header.width, header.channels)
        try limits.check(role, height: height, width: width)
    }

    /// An array, from its dtype and shape and what the request declares of layout and range.
    init(
        array view: TensorView, in payload: Payload, role: String, options: ArrayOptions,
        limits: ImageLimits
    ) throws(ServiceError) {
        self.role = role
        self.payload = payload
        (samples, height, width, channels) = try Self.dimensions(view.shape, role, options.layout)
        let isFloat = !view.elementType.isInteger
        if isFloat && options.range == nil {
            throw ServiceError(
                .missingOption,
                "The array \(role) has float values; declare their range with the option range: "
                    + "0..1, 0..255 or -1..1."
            )
        }
        self.options = ArrayOptions(
            layout: view.shape.count == 2 ? nil : options.layout,
            range: isFloat ? options.range : nil,
            outOfRange: isFloat ? options.outOfRange : .refuse)
        content = .array(
            view, layout: options.layout?.channels ?? .interleaved,
            range: isFloat ? options.range : nil)
        try limits.check(role, height: height, width: width)
    }

    private static func dimensions(
        _ shape: [Int], _ role: String, _ layout: ImageLayout?
    ) throws(ServiceError) -> (samples: Int, height: Int, width: Int, channels: Int) {
        guard (2...4).contains(shape.count) else {
            throw ServiceError(
                .invalidTensor,
                "The array \(role) has \(shape.count) dimensions; an image has 2, 3 or, with "
                    + "several samples, 4."
            )
        }
        guard shape.allSatisfy({ $0 > 0 }) else {
            throw ServiceError(.invalidTensor, "The array \(role) has an empty dimension.")
        }
        if shape.count == 2 { return (1, shape[0], shape[1], 1) }
        guard let layout else {
            throw ServiceError(
                .missingOption,
                "The array \(role) has \(shape.count) dimensions; declare them with the option "
                    + "layout: "
                    + (shape.count == 3 ? "chw or hwc." : "nchw or nhwc."))
        }
        guard let dimensions = layout.dimensions(shape) else {
            throw ServiceError(
                .invalidTensor,
                "The array \(role) has \(shape.count) dimensions, but layout \(layout.rawValue) "
                    + "has \(layout.rank)."
            )
        }
        guard [1, 3, 4].contains(dimensions.channels) else {
            throw ServiceError(
                .invalidTensor,
                "The array \(role) has \(dimensions.channels) channels in layout "
                    + "\(layout.rawValue); "
                    + "an image has 1, 3 or 4.")
        }
        return dimensions
    }
}

/// The limits of one image.
struct ImageLimits: Sendable {
    let pixelsMax: Int
    let sideMin: Int

    init(_ configuration: Configuration) {
        pixelsMax = configuration[.maxImagePixels]
        sideMin = configuration[.minImageSide]
    }

    func check(_ role: String, height: Int, width: Int) throws(ServiceError) {
        let (pixels, overflow) = height.multipliedReportingOverflow(by: width)
        guard !overflow, pixels <= pixelsMax else {
            throw ServiceError(
                .imageTooLarge,
                "The image \(role) has \(width)x\(height) pixels; at most \(pixelsMax) are "
                    + "accepted.",
                limit: pixelsMax, actual: overflow ? .max : pixels, setting: .maxImagePixels)
        }
        guard min(height, width) >= sideMin else {
            throw ServiceError(
                .imageTooSmall,
                "The image \(role) is \(width)x\(height); each side must be at least \(sideMin) "
                    + "pixels.",
                limit: sideMin, actual: min(height, width), setting: .minImageSide)
        }
    }
}
