// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLTraining

/// A worker's talk with the daemon while it learns: the daemon keeps its journal and says after each entry whether to go on.
///
/// Unchecked: a worker has one thread.
final class FitConversation: TrainingJournal, @unchecked Sendable {
    /// Another job waits: this one goes on later from what was kept.
    struct Paused: Error {}

    private let source: any PictureSource
    private let send: (WorkerReply) throws -> Void
    private let receive: () throws -> WorkerRequest?
    private var share = 0.0
    /// How often ``begin(at:)`` is called.
    var folds = 6.0
    private var said: ContinuousClock.Instant?
    /// Between two words on progress.
    private static let pause = Duration.milliseconds(500)

    /// - Parameters:
    ///   - source: the files of the training.
    ///   - receive: the daemon's next word; `nil` where it is gone.
    init(source: any PictureSource, send: @escaping (WorkerReply) throws -> Void, receive: @escaping () throws -> WorkerRequest?) {
        self.source = source
        self.send = send
        self.receive = receive
    }

    func load(_ name: String) throws -> [UInt8]? {
        do throws(Failure) { return try source.read(name, upTo: WorkerPart.maximumTotal) } catch where error.code == .imageMissing { return nil }
    }

    func save(_ bytes: [UInt8], as name: String) throws {
        guard bytes.count <= WorkerPart.maximumTotal else {
            throw Failure(.supportTooLarge, "the state of the training has \(bytes.count) bytes, more than is kept; use fewer labels, or another strategy", subject: "$.labels")
        }
        try say(bytes, as: name)
        guard case .proceed? = try receive() else { throw Paused() }
    }

    /// Says something long.
    func say(_ bytes: [UInt8], as name: String) throws {
        for part in WorkerPart.all(of: bytes, as: name) { try send(.part(part)) }
    }

    /// A fold begins.
    func begin(at share: Double) {
        self.share = share
        tell(share, now: true)
    }

    /// - Parameter part: of the fold, 0 to 1.
    func advance(to part: Double) { tell(share + part / folds, now: false) }

    /// Says how far it is, and so that this worker lives. Where the daemon is gone, the next word tells.
    private func tell(_ share: Double, now: Bool) {
        let time = ContinuousClock.now
        if !now, let said, time - said < Self.pause { return }
        said = time
        try? send(.learning(share: share))
    }
}

/// How a job's strategy is carried out, and what came of the epochs.
final class TrainingLesson: @unchecked Sendable {
    // Unchecked: a worker has one thread.
    private(set) var curve: LearningCurve?
    private(set) var fit: any MetricFit = DiscriminantFit()

    init(_ training: Manifest.Training, _ conversation: FitConversation) {
        guard let lessons = LinkStrategy(rawValue: training.strategy.rawValue) else { return }
        var episodic = EpisodicFit(lessons)
        episodic.epochs = training.epochs ?? episodic.epochs
        episodic.seed = training.seed
        episodic.checkpoints = conversation
        episodic.progress = { conversation.advance(to: $0.part) }
        episodic.finished = { [unowned self] in curve = $0 }
        fit = episodic
    }
}

extension TrainingProgress {
    /// How far one training of a fold is, 0 to 1: its search, and then all classes.
    fileprivate var part: Double {
        let done = (Double(epoch - 1) + Double(done) / Double(max(1, lessons))) / Double(max(1, epochs))
        return (stage == .all ? 0.5 : 0) + min(1, done) / 2
    }
}
