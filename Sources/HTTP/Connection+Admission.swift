// From a head to what becomes of its request.

import HTTPTypes

extension Connection {
    func didReadHead(_ head: RequestHead) {
        guard var request else { return }
        request.method = head.method
        request.minorVersion = head.minorVersion
        request.keepsAlive = head.keepsAlive && !isReserved
        switch head.target {
        case .failure(let error):
            let exchange = core.handler.exchange(
                for: partialHead(head.method, head.fields, request))
            request.exchange = exchange
            self.request = request
            refuse(exchange.response(to: error), head)
        case .success(let target):
            let admission = core.handler.admit(
                HTTPServerRequest(
                    head, target: target, receivedAt: request.receivedAt, client: client))
            request.exchange = admission.exchange
            self.request = request
            act(on: admission, head)
        }
    }

    /// What there is to say of a request whose head has a fault.
    func partialHead(
        _ method: HTTPRequest.Method?, _ fields: HTTPFields, _ request: CurrentRequest
    ) -> HTTPPartialHead {
        HTTPPartialHead(
            method: method, fields: fields, receivedAt: request.receivedAt, client: client)
    }

    private func act(on admission: HTTPAdmission, _ head: RequestHead) {
        if isReserved && !admission.isServedWhenFull {
            core.counters.countRejection()
            let error = HTTPProtocolError.tooManyConnections(limit: limits.connectionsMax)
            refuse(admission.exchange.response(to: error), head)
            return
        }
        switch admission.verdict {
        case .refuse(let response): refuse(response, head)
        case .accept where head.expectation == .unknown:
            refuse(admission.exchange.response(to: .expectationFailed), head)
        case .accept(let bodyBytesMax, let deadline):
            request?.deadline = deadline
            accept(head, bodyBytesMax: bodyBytesMax)
        }
    }

    private func accept(_ head: RequestHead, bodyBytesMax: Int) {
        do {
            guard let body = try BodyReader(head.framing, bytesMax: bodyBytesMax) else {
                handle([])
                return
            }
            input.body = body
        } catch {
            fail(error)
            return
        }
        state = .readingBody
        bodyBegins()
        input.pace = Pace(start: .now)
        renewBodyDeadline()
        if head.expectation == .continueResponse { sendContinue() }
    }

    /// A refusal by the head alone. The framing is sound, so the connection is kept when the body is
    /// small enough to be read past; a client that waits for 100 Continue might not send it at all.
    private func refuse(_ response: HTTPServerResponse, _ head: RequestHead) {
        guard head.expectation == .none || head.framing == .none else {
            send(response, then: .close)
            return
        }
        do {
            let rest = try BodyReader(
                head.framing, bytesMax: limits.discardedBodyBytesMax, keepsBytes: false)
            send(response, then: rest.map { .discardBody($0) } ?? .nextRequest)
        } catch {
            send(response, then: .close)
        }
    }
}
