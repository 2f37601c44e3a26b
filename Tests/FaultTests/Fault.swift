// SPDX-License-Identifier: Apache-2.0
import Foundation

/// One call of a run that changes the disk, in the order in which they were made.
struct FaultPoint: Hashable, Sendable, CustomStringConvertible {
    let number: Int
    let call: String
    /// Beneath the scratch disk.
    let path: String

    /// A line that the library logged: `NUMBER CALL DEED PATH`.
    init?(line: Substring) {
        let parts = line.split(separator: " ", maxSplits: 3)
        guard parts.count == 4, let number = Int(parts[0]) else { return nil }
        self.number = number
        call = String(parts[1])
        path = String(parts[3])
    }

    var description: String { "\(number) (\(call) \(path))" }
}

/// What is done to the daemon at one point; see `Tests/FaultShim/fault.c`.
struct Fault: Hashable, Sendable, CustomStringConvertible {
    enum Action: String, CaseIterable, Sendable {
        case kill, cut, after, eio, enospc, eintr, short

        var isDeadly: Bool { [.kill, .cut, .after].contains(self) }

        /// Whether `call` can meet this in life. A kill before the next call is a kill after this one, but for calls that commit.
        func applies(to call: String) -> Bool {
            switch self {
            case .kill, .cut, .eio: true
            case .after: ["fsync", "fdatasync", "syncfs", "rename"].contains(call)
            case .enospc: !["mmap", "unlink", "rmdir", "chmod"].contains(call)
            case .eintr: ["write", "pwrite", "writev", "open", "ftruncate", "fsync", "fdatasync", "copy_file_range", "clone"].contains(call)
            case .short: ["write", "pwrite", "writev", "copy_file_range"].contains(call)
            }
        }
    }

    /// Another one on its heels, at the first call from its number on that can meet it.
    enum Second: Hashable, Sendable, CustomStringConvertible {
        /// In the same life, so many calls later.
        case later(Int, Action)
        /// In the next life, while that puts right what the first left behind.
        case afterwards(Int, Action)

        var description: String {
            switch self {
            case .later(let calls, let action): "+\(calls):\(action.rawValue)"
            case .afterwards(let number, let action): "next life \(number):\(action.rawValue)"
            }
        }
    }

    let point: FaultPoint
    let action: Action
    var second: Second?

    var description: String { "\(point.number):\(action.rawValue) (\(point.call) \(point.path))" + (second.map { " and \($0)" } ?? "") }

    /// Every action at every point; or, `thorough` or not, a death at every point and one seeded error.
    static func plan(_ points: [FaultPoint], thorough: Bool, using random: inout some RandomNumberGenerator) -> [Fault] {
        points.flatMap { point in
            let actions = Action.allCases.filter { $0.applies(to: point.call) }
            if thorough { return actions.map { Fault(point: point, action: $0) } }
            let death: Action = Bool.random(using: &random) ? .kill : .cut
            return [death, actions.filter { !$0.isDeadly }.randomElement(using: &random)!].map { Fault(point: point, action: $0) }
        }
    }

    /// Two faults in a row: at every point, or at one in `share` of them, one that is drawn, and a second one soon after it or in the next life.
    static func pairs(_ points: [FaultPoint], share: Int, using random: inout some RandomNumberGenerator) -> [Fault] {
        points.filter { _ in Int.random(in: 0..<share, using: &random) == 0 }.map { point in
            let action = Action.allCases.filter { $0.applies(to: point.call) }.randomElement(using: &random)!
            // Near ones are the likelier: as many up to 2 as from 2 to 4, from 4 to 8, ...
            let distance = Int(exp2(Double.random(in: 0..<8, using: &random))), other = Action.allCases.randomElement(using: &random)!
            let isLater = !action.isDeadly && Bool.random(using: &random)
            return Fault(point: point, action: action, second: isLater ? .later(distance, other) : .afterwards(distance, other))
        }
    }
}
