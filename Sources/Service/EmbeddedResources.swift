import CResources

/// The files compiled into the binary: the one place that touches C's symbols for them.
enum EmbeddedResources {
    /// openapi.yaml.
    static var openapi: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: styleloss_openapi_bytes(), count: styleloss_openapi_count)
    }

    /// The VGG-16 of Simonyan and Zisserman in half precision (CC BY 4.0).
    static var weights: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: styleloss_weights_bytes(), count: styleloss_weights_count)
    }

    /// The SHA-256 of `weights`: hashing 29 MB at start would take longer than all the rest; a test
    /// does it.
    static let weightsSHA256 = "86b0bfe5e7bc85dcb584e3b4da23d5a76879f7b04f5c585b53935b2ac228d8c1"
}
