// SPDX-License-Identifier: Apache-2.0
import LCLControl

/// One thing at a time for each key, in the order in which they came; things of different keys do not wait for each other.
actor Turns<Key: Hashable & Sendable> {
    /// That wait for one key, at most.
    private static var most: Int { 64 }

    private var last: [Key: (task: Task<Void, Never>, waiting: Int)] = [:]

    /// - Throws: what `body` throws; `request.too_many` where too many wait.
    func run<T: Sendable>(_ key: Key, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let before = last[key]
        guard before?.waiting ?? 0 < Self.most else { throw ControlError(.tooManyRequests, "too many requests of this kind wait already; ask again later") }
        let work = Task {
            await before?.task.value
            return try await body()
        }
        last[key] = (Task { _ = await work.result }, (before?.waiting ?? 0) + 1)
        defer {
            last[key]!.waiting -= 1
            if last[key]!.waiting == 0 { last[key] = nil }
        }
        return try await work.value
    }

    /// Nothing is done or waits for `key`.
    func isFree(_ key: Key) -> Bool { last[key] == nil }
}
