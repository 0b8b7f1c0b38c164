/// How large a request may be.
extension Setting where Value == Int {
    static var maxBodyBytes: Self {
        .bytes("max-body-bytes", default: 256 << 20, "Largest request body")
    }
    static var maxImagePixels: Self {
        .integer(
            "max-image-pixels", 256...1 << 34, .pixels, default: 67_108_864,
            "Largest image, width times height; checked in the header before decoding")
    }
    static var minImageSide: Self {
        .integer(
            "min-image-side", 1...65_536, .pixels, default: 16,
            "Smallest width and height of an image")
    }
    static var maxPairsPerRequest: Self {
        .integer(
            "max-pairs-per-request", 1...4096, .count, default: 32,
            "Most pairs or images in one request")
    }
    static var maxHeaderBytes: Self {
        .bytes("max-header-bytes", default: 16 << 10, "Largest request head")
    }
    static var maxHeaders: Self {
        .integer("max-headers", 1...10_000, .count, default: 100, "Most header fields")
    }
    static var maxURIBytes: Self {
        .bytes("max-uri-bytes", default: 8 << 10, "Longest request target")
    }
}
