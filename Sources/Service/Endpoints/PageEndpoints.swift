import HTTP
import HTTPTypes

/// GET /: the page for browsers, which ask for HTML by name, and a few words of JSON for all
/// others.
struct RootEndpoint: ImmediateEndpoint {
    func respond(to request: ServiceRequest) -> HTTPServerResponse {
        let type = MediaType.negotiate(
            accept: request.fields[.accept], offers: [.json, PageFile.html.type])
        var response =
            type == PageFile.html.type
            ? PageFile.html.response
            : HTTPServerResponse([
                "name": .string(Version.name), "version": .string(Version.number),
                "docs": "/openapi.yaml",
            ])
        response.fields[.vary] = "Accept"
        return response
    }
}

/// GET /page.css and /page.js: what the page is made of beside its HTML.
struct PageFileEndpoint: ImmediateEndpoint {
    let file: PageFile

    func respond(to request: ServiceRequest) -> HTTPServerResponse { file.response }
}

/// A file of the page.
enum PageFile: Sendable {
    case html, css, js

    /// Nothing but the page's own two files and pictures made in the browser; requests to this
    /// service alone (Content Security Policy Level 3).
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src blob: data:",
        "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    var type: MediaType {
        switch self {
        case .html: MediaType("text/html")
        case .css: MediaType("text/css")
        case .js: MediaType("text/javascript")
        }
    }

    private var bytes: UnsafeRawBufferPointer {
        switch self {
        case .html: unsafe EmbeddedResources.pageHTML
        case .css: unsafe EmbeddedResources.pageCSS
        case .js: unsafe EmbeddedResources.pageJS
        }
    }

    var response: HTTPServerResponse {
        var response = HTTPServerResponse(
            type: "\(type); charset=utf-8", body: unsafe Array(bytes))
        response.fields[.contentSecurityPolicy] = Self.policy
        response.fields[.xContentTypeOptions] = "nosniff"
        response.fields[.referrerPolicy] = "no-referrer"
        // Another version of the service may answer under this address tomorrow.
        response.fields[.cacheControl] = "no-cache"
        return response
    }
}
