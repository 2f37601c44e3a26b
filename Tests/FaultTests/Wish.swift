// SPDX-License-Identifier: Apache-2.0
import LCLControl
import LCLJob

/// Something asked over the control socket: once the daemon has said yes, it holds through any crash.
enum Wish: Sendable, CustomStringConvertible {
    case cancel(JobID), retry(JobID), hold(JobID), release(JobID)
    case pause, resume

    var description: String {
        switch self {
        case .cancel(let id): "cancel \(id)"
        case .retry(let id): "retry \(id)"
        case .hold(let id): "hold \(id)"
        case .release(let id): "release \(id)"
        case .pause: "pause"
        case .resume: "resume"
        }
    }

    func ask(_ client: ControlClient) async throws {
        switch self {
        case .cancel(let id): _ = try await client.perform(.cancel, on: id)
        case .retry(let id): _ = try await client.perform(.retry, on: id)
        case .hold(let id): _ = try await client.perform(.hold, on: id)
        case .release(let id): _ = try await client.perform(.release, on: id)
        case .pause: _ = try await client.perform(DaemonAction.pause)
        case .resume: _ = try await client.perform(DaemonAction.resume)
        }
    }

    /// Whether it came true.
    func holds(_ client: ControlClient) async throws -> Bool {
        switch self {
        case .cancel(let id): try await client.job(id).summary.state == .cancelled
        case .retry(let id): try await client.job(id).summary.state == .queued
        case .hold(let id): try await client.job(id).summary.state == .held
        case .release(let id): try await client.job(id).summary.state != .held
        case .pause: try await client.status().mode == .paused
        case .resume: try await client.status().mode == .running
        }
    }
}
