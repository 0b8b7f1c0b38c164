import CResources

/// The files compiled into the binary: the one place that touches C's symbols for them.
enum EmbeddedResources {
    /// openapi.yaml.
    static var openapi: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(
            start: styleloss_openapi_bytes(), count: styleloss_openapi_count)
    }

    /// The page for browsers: what `/`, `/page.css` and `/page.js` answer.
    static var pageHTML: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(
            start: styleloss_page_html_bytes(), count: styleloss_page_html_count)
    }

    /// Its style.
    static var pageCSS: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(
            start: styleloss_page_css_bytes(), count: styleloss_page_css_count)
    }

    /// Its script.
    static var pageJS: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(
            start: styleloss_page_js_bytes(), count: styleloss_page_js_count)
    }

    /// The VGG-16 of Simonyan and Zisserman in single precision (CC BY 4.0).
    static var weights: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(
            start: styleloss_weights_bytes(), count: styleloss_weights_count)
    }

    /// The SHA-256 of `weights`: hashing 59 MB at start would take longer than all the rest; a test
    /// does it.
    static let weightsSHA256 = "36387bb587443538d64102d2038a249ac50f7593d6d61ffcf9905cefcbc904bf"
}
