// SPDX-License-Identifier: Apache-2.0

/// Everything that is wrong with a job, at once: also the body of `error.json`.
public struct Problems: Error, Codable, Equatable, Sendable, CustomStringConvertible {
    public var problems: [Failure]

    /// More than this many are as good as all.
    static let most = 100

    /// The first ``most`` of `problems`.
    public init(_ problems: [Failure]) {
        precondition(!problems.isEmpty, "no problems is not an error")
        self.problems = Array(problems.prefix(Self.most))
    }

    public init(_ problem: Failure) { problems = [problem] }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
