import HTTPTypes

/// What a method on a path does.
enum Operation: Sendable {
    case immediate(any ImmediateEndpoint)
    case job(any JobEndpoint)
}

/// One path of openapi.yaml with its methods and whatever holds for all of them.
package struct Route: Sendable {
    /// As in openapi.yaml; `{digest}` stands for one segment.
    let pattern: String
    let operations: [HTTPRequest.Method: Operation]
    /// Whether it is answered even when all connections are taken: health and metrics, so that a
    /// full house can still be looked at.
    let isProbe: Bool
    /// Who may ask.
    let access: AccessControl.Policy
    private let segments: [[UInt8]]

    init(
        _ pattern: String, isProbe: Bool = false, access: AccessControl.Policy = .key,
        _ operations: [HTTPRequest.Method: Operation]
    ) {
        self.pattern = pattern
        self.isProbe = isProbe
        self.access = access
        self.operations = operations
        segments = Self.segments(pattern)
    }

    /// A path with one method, answered by a worker.
    package init(_ pattern: String, _ method: HTTPRequest.Method, job: any JobEndpoint) {
        self.init(pattern, [method: .job(job)])
    }

    /// `Allow` (RFC 9110 §10.2.1); HEAD is there wherever GET is, and OPTIONS everywhere.
    var allow: String {
        var methods = operations.keys.map(\.rawValue) + ["OPTIONS"]
        if operations[.get] != nil { methods.append("HEAD") }
        return methods.sorted().joined(separator: ", ")
    }

    /// - Throws: 405 with its `Allow`.
    func operation(_ method: HTTPRequest.Method) throws(ServiceError) -> Operation {
        if let operation = operations[method] { return operation }
        if method == .head, let operation = operations[.get] { return operation }
        var error = ServiceError(
            .methodNotAllowed,
            "This path answers \(allow), not \(Excerpt.quoted(method.rawValue)).")
        error.fields[.allow] = allow
        throw error
    }

    /// The segments that stand for `{…}`, in order; nil when the path is another one.
    fileprivate func captures(_ path: [[UInt8]]) -> [String]? {
        guard path.count == segments.count else { return nil }
        var captures: [String] = []
        for (segment, expected) in zip(path, segments) {
            if expected.first == UInt8(ascii: "{") {
                guard !segment.isEmpty else { return nil }
                captures.append(String(decoding: segment, as: UTF8.self))
            } else if segment != expected {
                return nil
            }
        }
        return captures
    }

    fileprivate static func segments(_ path: String) -> [[UInt8]] {
        path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map(Array.init)
    }
}

/// The table of routes.
struct Router: Sendable {
    /// Where a path leads.
    struct Match: Sendable {
        let route: Route
        let captures: [String]
    }

    let routes: [Route]

    /// Where a path leads; nil when there is nothing. Compared byte by byte: the path is a client's.
    func match(_ path: String) -> Match? {
        let segments = Route.segments(path)
        for route in routes {
            if let captures = route.captures(segments) {
                return Match(route: route, captures: captures)
            }
        }
        return nil
    }
    /// The refusal of a path, with the nearest one that there is.
    func nothing(at path: String) -> ServiceError {
        ServiceError(
            .notFound,
            "There is nothing at \(Excerpt.quoted(path))"
                + "\(Excerpt.suggestion(path, of: routes.map(\.pattern))); /openapi.yaml lists what "
                + "there is.")
    }
}
