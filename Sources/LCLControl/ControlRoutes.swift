// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import LCLJob
import NIOCore

/// The routes of ``APIDocument``: each checks the caller's rights and the request's values, then asks the backend.
struct ControlRoutes: Sendable {
    let backend: any ControlBackend
    let heartbeat: Duration

    func router(behind gate: Gate) -> Router<ControlContext> {
        let router = Router(context: ControlContext.self)
        router.add(middleware: gate)
        let v1 = router.group("v1")
        v1.get { _, _ in Response.text(APIDocument.text) }
        v1.get("status", use: status)
        v1.get("log", use: log)
        v1.get("watch") { request, context in watch(nil, request, context) }
        for action in DaemonAction.allCases {
            v1.post(RouterPath(action.rawValue)) { _, context in try await perform(action, context) }
        }
        v1.get("jobs", use: jobs)
        let job = v1.group("jobs/:id")
        job.get { _, context in try Response.json(await backend.job(ownJob(context))) }
        job.get("result", use: result)
        job.get("log", use: jobLog)
        job.get("watch") { request, context in watch(try await ownJob(context), request, context) }
        for (name, action) in [("cancel", JobAction.cancel), ("hold", .hold), ("release", .release), ("retry", .retry)] {
            job.post(RouterPath(name)) { _, context in try await perform(action, context) }
        }
        job.put("priority") { request, context in try await perform(.priority(try await priority(request)), context) }
        return router
    }

    // MARK: The daemon

    /// Everyone may see how busy the daemon is, but not for whom.
    private func status(_ request: Request, _ context: ControlContext) async throws -> Response {
        var status = try await backend.status()
        for i in status.workers.indices where !context.caller.isAdmin {
            guard let id = status.workers[i].job else { continue }
            let owner = try? await backend.summary(of: id).uid
            if owner != context.caller.uid { status.workers[i].job = nil }
        }
        if let owners = status.owners { status.models.removeAll { owners[$0].map { !context.caller.mayUse(jobsOf: $0) } ?? false } }
        status.owners = nil
        return try .json(status)
    }

    private func perform(_ action: DaemonAction, _ context: ControlContext) async throws -> Response {
        guard context.caller.isAdmin else {
            throw ControlError(.notAllowed, "only root and members of the group \(ControlServer.adminGroup) may \(action.rawValue) the daemon")
        }
        return try .json(await backend.perform(action, by: context.caller))
    }

    private func log(_ request: Request, _ context: ControlContext) async throws -> Response {
        let entries = try await backend.log(of: nil, uid: context.caller.visible, limit: limit(of: request))
        return try .json(LogPage(entries: entries))
    }

    // MARK: Jobs

    private func jobs(_ request: Request, _ context: ControlContext) async throws -> Response {
        let query = request.uri.queryParameters
        var filter = JobFilter(uid: context.caller.visible, limit: try limit(of: request))
        filter.cursor = query.get("cursor")
        filter.states = try query.getAll("state").flatMap { $0.split(separator: ",") }.map { name in
            guard let state = JobState(rawValue: String(name)) else {
                throw ControlError(.badRequest, "state '\(name)' is not one of \(JobState.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return state
        }
        if let user = query.get("user") {
            guard let uid = UInt32(user) else { throw ControlError(.badRequest, "user '\(user)' is no uid; write a number") }
            guard context.caller.mayUse(jobsOf: uid) else {
                throw ControlError(.notAllowed, "only root and members of the group \(ControlServer.adminGroup) see jobs of other users")
            }
            filter.uid = uid
        }
        return try .json(await backend.jobs(filter))
    }

    /// The job that the path names, where the caller may use it.
    private func ownJob(_ context: ControlContext) async throws -> JobID {
        let name = try context.parameters.require("id")
        guard let id = JobID(name) else { throw ControlError.noSuchJob(name) }
        guard context.caller.mayUse(jobsOf: try await backend.summary(of: id).uid) else {
            throw ControlError(.notAllowed, "job '\(id)' belongs to another user; root and members of the group \(ControlServer.adminGroup) may use it")
        }
        return id
    }

    private func perform(_ action: JobAction, _ context: ControlContext) async throws -> Response {
        let id = try await ownJob(context)
        return try .json(await backend.perform(action, on: id, by: context.caller))
    }

    private func priority(_ request: Request) async throws -> Int {
        struct Body: Decodable { var priority: Int }
        let bytes: ByteBuffer
        do { bytes = try await request.body.collect(upTo: 4096) } catch is NIOTooManyBytesError {
            throw ControlError(.requestTooLarge, "the body is longer than a priority needs")
        }
        guard let body = try? CanonicalJSON.decode(Body.self, from: Data(bytes.readableBytesView)), (-100...100).contains(body.priority) else {
            throw ControlError(.badRequest, "the body must be {\"priority\": N}, with N from -100 to 100")
        }
        return body.priority
    }

    private func jobLog(_ request: Request, _ context: ControlContext) async throws -> Response {
        let id = try await ownJob(context)
        return try .json(LogPage(entries: await backend.log(of: id, uid: context.caller.visible, limit: limit(of: request))))
    }

    private func result(_ request: Request, _ context: ControlContext) async throws -> Response {
        let id = try await ownJob(context)
        let path = try await backend.resultPath(of: id)
        do {
            let body = try await FileIO().loadFile(path: path, context: context)
            return Response(status: .ok, headers: [.contentType: "application/json"], body: body)
        } catch let error as HTTPError where error.status == .notFound {
            throw ControlError(.wrongState, "the result of job '\(id)' is gone; its time to be kept has passed")
        }
    }

    private func watch(_ id: JobID?, _ request: Request, _ context: ControlContext) -> Response {
        let stream = WatchStream(backend: backend, caller: context.caller, job: id, heartbeat: heartbeat)
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson", .connection: "close"],
            body: ResponseBody { writer in
                try await request.body.consumeWithCancellationOnInboundClose { _ in try await stream.write(to: &writer) }
                try await writer.finish(nil)
            })
    }

    private func limit(of request: Request) throws -> Int {
        guard let text = request.uri.queryParameters.get("limit") else { return 100 }
        guard let limit = Int(text), (1...JobFilter.maximumLimit).contains(limit) else {
            throw ControlError(.badRequest, "limit '\(text)' is not a number from 1 to \(JobFilter.maximumLimit)")
        }
        return limit
    }
}

extension Caller {
    /// The only user whose jobs the caller sees; `nil` is all.
    var visible: UInt32? { isAdmin ? nil : uid }
}

extension Response {
    fileprivate static func text(_ text: String) -> Response {
        Response(status: .ok, headers: [.contentType: "text/plain; charset=utf-8"], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
