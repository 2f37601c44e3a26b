// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import LCLJob
import Logging
import NIOCore

/// What every request passes: its caller is identified, its body read whole within the limits, and whatever goes wrong
/// is answered with an error document.
struct Gate: RouterMiddleware {
    let limits: ControlServer.Limits
    let rate: RequestRate
    let identify: @Sendable (any Channel) async throws -> Caller

    func handle(
        _ request: Request, context: ControlContext, next: (Request, ControlContext) async throws -> Response
    ) async throws -> Response {
        var request = request, context = context
        do {
            let caller = try await identify(context.channel)
            context.caller = caller
            guard caller.isAdmin || rate.admits(caller.uid) else {
                throw ControlError(.tooManyRequests, "more than \(Int(limits.requestsPerSecond)) requests a second; ask less often, or use a watch")
            }
            try await readBody(of: &request)
            return try await next(request, context)
        } catch {
            let error = controlError(error, request: request, context: context)
            // The rest of a refused body is not waited for.
            let closes = error.code == .requestTooLarge || error.code == .requestTimeout
            return try .error(error, closing: closes ? context.channel : nil)
        }
    }

    private func readBody(of request: inout Request) async throws {
        let tooLarge = ControlError(.requestTooLarge, "the request's body is larger than \(limits.body) bytes")
        if let length = request.headers[.contentLength].flatMap(Int.init), length > limits.body { throw tooLarge }
        let body = request.body, limit = limits.body, deadline = limits.idle
        do {
            let buffer = try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
                group.addTask { try await body.collect(upTo: limit) }
                group.addTask {
                    try await Task.sleep(for: deadline)
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
            guard let buffer else {
                throw ControlError(.requestTimeout, "the request did not arrive whole within \(deadline)")
            }
            request.body = RequestBody(buffer: buffer)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        } catch let error as ControlError {
            throw error
        } catch {
            // Whatever stops a body from being read is its sender's or his connection's fault, not the daemon's.
            throw ControlError(.badRequest, "the request's body could not be read (\(error))")
        }
    }

    /// For the audit: what changes something is noted by the backend, what was tried in vain here.
    private func refused(_ request: Request, _ context: ControlContext) {
        let caller = context.caller
        context.logger.notice(
            "control request not allowed",
            metadata: ["route": "\(request.method.rawValue) \(request.uri.path)", "uid": "\(caller.uid)", "pid": "\(caller.pid)"])
    }

    private func controlError(_ error: any Error, request: Request, context: ControlContext) -> ControlError {
        switch error {
        case let error as ControlError:
            if error.code == .notAllowed { refused(request, context) }
            return error
        case let error as HTTPError where error.status == .notFound:
            return ControlError(.noSuchRoute, "there is no \(request.method.rawValue) \(request.uri.path); GET /v1 lists what there is")
        case let error as HTTPError where error.status.kind == .clientError:
            return ControlError(.badRequest, error.body ?? error.status.reasonPhrase)
        default:
            context.logger.error("control request failed", metadata: ["route": "\(request.uri.path)", "error": "\(error)"])
            return ControlError(.internal, "the daemon was unable to answer; its log says why")
        }
    }
}

extension Response {
    static func json(_ value: some Encodable) throws -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try CanonicalJSON.encode(value))))
    }

    /// The error document of `error`; with a channel, the connection is closed behind it.
    fileprivate static func error(_ error: ControlError, closing channel: (any Channel)?) throws -> Response {
        let document = ByteBuffer(bytes: try CanonicalJSON.encode(ControlError.Document(error: error)))
        var response = Response(
            status: .init(code: error.code.httpStatus), headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: document))
        if let channel {
            response.headers[.connection] = "close"
            response.body = ResponseBody(contentLength: document.readableBytes) { writer in
                try await writer.write(document)
                try await writer.finish(nil)
                try await channel.close()
            }
        }
        return response
    }
}
