// SPDX-License-Identifier: Apache-2.0
import LCLControl
import LCLJob
import LCLText

/// Jobs on their way: on a terminal a block of bars that is drawn over, elsewhere a line now and then.
struct ProgressBoard {
    private struct Entry {
        var progress: JobProgress
        var meter = RateMeter()
        var said: Double?
    }

    private let terminal: Terminal
    private var entries: [JobID: Entry] = [:]
    private var order: [JobID] = []
    private var drawnLines = 0
    private var drawnAt: Double?
    private static let maximumLines = 12

    init(_ terminal: Terminal) { self.terminal = terminal }

    /// `time` in seconds on a clock that does not go back.
    mutating func show(_ progress: JobProgress, at time: Double) throws {
        let known = entries[progress.job]
        var entry = known ?? Entry(progress: progress)
        let isNews = known?.progress.state != progress.state
        entry.progress = progress
        entry.meter.add(progress.answered, at: time)
        if terminal.isInteractive {
            remember(entry, time)
            try redraw(progress, isNews: isNews, at: time)
        } else {
            let isDue = entry.said.map { time - $0 >= 5 } ?? true
            if isNews || isDue && known?.progress != progress {
                try terminal.print(line(entry))
                entry.said = time
            }
            remember(entry, time)
        }
    }

    private mutating func remember(_ entry: Entry, _ time: Double) {
        let id = entry.progress.job
        if entries[id] == nil { order.append(id) }
        entries[id] = entry
        if entry.progress.state.isFinal && !terminal.isInteractive { forget(id) }
    }

    private mutating func forget(_ id: JobID) {
        entries[id] = nil
        order.removeAll { $0 == id }
    }

    /// Ten times a second at most, and whenever a state changes; a job that ended leaves its line above the block.
    private mutating func redraw(_ progress: JobProgress, isNews: Bool, at time: Double) throws {
        guard isNews || drawnAt.map({ time - $0 >= 0.1 }) ?? true || progress.state.isFinal else { return }
        var text = drawnLines > 0 ? "\u{1B}[\(drawnLines)A\u{1B}[J" : ""
        if progress.state.isFinal, let entry = entries[progress.job] {
            text += line(entry) + "\n"
            forget(progress.job)
        }
        let shown = order.prefix(Self.maximumLines).compactMap { entries[$0] }
        for entry in shown { text += line(entry) + "\n" }
        drawnLines = shown.count
        if order.count > shown.count {
            text += "and \(order.count - shown.count) more\n"
            drawnLines += 1
        }
        drawnAt = time
        try terminal.write(.init(text.utf8))
    }

    private func line(_ entry: Entry) -> String {
        Self.line(entry.progress, entry.meter, bar: terminal.isInteractive, colour: terminal.hasColour)
    }

    /// `cactihog  running  320/1000  32.0 %  85/s  8.0 s left`
    static func line(_ progress: JobProgress, _ meter: RateMeter, bar: Bool, colour: Bool) -> String {
        let state = Wording.state(progress.state)
        var parts = [progress.job.rawValue, state.colour?.paint(state.text, colour) ?? state.text]
        let share = progress.queries > 0 ? Double(progress.answered) / Double(progress.queries) : 0
        if bar && !progress.state.isFinal { parts.append(self.bar(progress.learned ?? share)) }
        parts.append("\(progress.answered)/\(progress.queries)")
        parts.append(Wording.percent(share))
        if let learned = progress.learned, progress.state == .running { parts.append("learning \(Wording.percent(learned))") }
        if progress.failed > 0 { parts.append(Colour.bad.paint("\(progress.failed) failed", colour)) }
        if progress.state == .running, progress.learned == nil, let rate = meter.rate, let left = meter.timeLeft(progress.queries - progress.answered) {
            parts.append("\(Wording.rate(rate))  \(Wording.duration(left)) left")
        }
        return parts.joined(separator: "  ")
    }

    private static func bar(_ share: Double) -> String {
        let width = 24, full = Int(share * Double(width))
        return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: width - full) + "]"
    }
}
