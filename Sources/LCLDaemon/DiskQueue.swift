// SPDX-License-Identifier: Apache-2.0
import Dispatch

/// Where blocking disk work runs (fsync, copies), so that it never holds up the few threads of Swift's cooperative pool.
struct DiskQueue: Sendable {
    private let queue: DispatchQueue

    init(_ label: String, concurrent: Bool = false) {
        queue = DispatchQueue(label: label, attributes: concurrent ? .concurrent : [])
    }

    func callAsFunction<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
