import HTTPTypes

/// What a method on a path does.
enum Operation: Sendable {
    case immediate(any ImmediateEndpoint)
    case job(any JobEndpoint)
}

/// One path of openapi.yaml with its methods.
struct Route: Sendable {
    /// As in openapi.yaml; `{digest}` stands for one segment.
    let pattern: String
    let operations: [HTTPRequest.Method: Operation]

    /// `Allow` (RFC 9110 §10.2.1); HEAD is there wherever GET is.
    var allow: String {
        var methods = operations.keys.map(\.rawValue)
        if operations[.get] != nil { methods.append("HEAD") }
        return methods.sorted().joined(separator: ", ")
    }

    func operation(_ method: HTTPRequest.Method) -> Operation? {
        operations[method] ?? (method == .head ? operations[.get] : nil)
    }

    func matches(_ path: String) -> Bool {
        guard let brace = pattern.firstIndex(of: "{") else { return path == pattern }
        let prefix = pattern[..<brace]
        let segment = path.dropFirst(prefix.count)
        return path.hasPrefix(prefix) && !segment.isEmpty && !segment.contains("/")
    }
}

/// The table of routes.
struct Router: Sendable {
    let routes: [Route]

    func route(_ path: String) -> Route? { routes.first { $0.matches(path) } }

    /// The operation of a request.
    ///
    /// - Throws: 404, or 405, whose `Allow` the caller adds.
    func operation(_ method: HTTPRequest.Method, _ path: String) throws(ServiceError) -> Operation {
        guard let route = route(path) else {
            throw ServiceError(
                .notFound, "There is nothing at this path; /openapi.yaml lists what there is.")
        }
        guard let operation = route.operation(method) else {
            throw ServiceError(.methodNotAllowed, "This path answers \(route.allow) only.")
        }
        return operation
    }
}
