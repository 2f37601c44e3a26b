// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLLink
import LCLModel
import LCLWorker
import TestPictures
import Testing

/// A worker that encodes and learns, with this test as its daemon: what it keeps is kept in memory.
private final class Desk: PictureSource, @unchecked Sendable {
    // Unchecked: one test, one thread.
    var files: [String: [UInt8]] = [:]
    var entries: [String: Data] = [:]
    private var pending = Data()
    /// Entries after which it says `pause`.
    var patience = Int.max
    private(set) var link: Data?
    private(set) var report: TrainingReport?
    private(set) var ending: WorkerReply?
    private(set) var keptCount = 0
    private(set) var verdicts: [Int: Verdict] = [:]

    func read(_ path: String, upTo limit: Int) throws(Failure) -> [UInt8] {
        if let file = files[path] { return file }
        if let entry = entries[path] { return [UInt8](entry) }
        throw Failure(.imageMissing, "'\(path)' is not there", subject: path)
    }

    func hear(_ reply: WorkerReply) {
        switch reply {
        case .encoded(let pictures):
            for picture in pictures {
                verdicts[picture.ordinal] = picture.value.verdict
                guard let features = picture.value.features else { continue }
                let row = FeatureRow.sealed(features, ordinal: picture.ordinal), start = picture.ordinal * row.count
                var file = files["features"] ?? []
                file += [UInt8](repeating: 0, count: max(0, start + row.count - file.count))
                file.replaceSubrange(start..<start + row.count, with: row)
                files["features"] = file
            }
        case .part(let part):
            pending += part.bytes
            guard pending.count == part.total else { return }
            if part.name == WorkerPart.linkName { link = pending } else { entries[part.name] = pending }
            pending = Data()
        case .learned(let report): self.report = report
        case .finished, .paused, .failed: ending = reply
        default: break
        }
    }

    func answer() -> WorkerRequest {
        keptCount += 1
        return keptCount >= patience ? .pause : .proceed
    }
}

struct TrainingProgramTests {
    private static let labels = 15, pictures = 6

    private static func manifest(_ strategy: Manifest.Training.Strategy) -> Manifest {
        Manifest(
            labels: (0..<labels).map { label in .init(name: "l\(label)", support: (0..<pictures).map { "\(label)-\($0)" }) }, queries: .list([]),
            training: .init(name: "m", strategy: strategy, epochs: strategy == .lda ? nil : 2))
    }

    private static func program(_ desk: Desk) -> WorkerProgram {
        WorkerProgram(shelf: ModelShelf(memory: 1 << 30), pictures: desk, send: desk.hear, receive: desk.answer)
    }

    /// A desk with the features of every picture; two cannot be read.
    private static let encoded: (files: [String: [UInt8]], verdicts: [Int: Verdict]) = {
        let desk = Desk(), manifest = TrainingProgramTests.manifest(.lda)
        for label in 0..<labels {
            for instance in 0..<pictures { desk.files["\(label)-\(instance)"] = TestPictures.picture(class: label, instance: instance, side: 48).jpeg() }
        }
        desk.files["3-0"] = Array("no picture".utf8)
        desk.files["4-1"] = nil
        var program = TrainingProgramTests.program(desk)
        let work = manifest.work.enumerated().map { Numbered(ordinal: $0.offset, value: $0.element) }
        for part in stride(from: 0, to: work.count, by: 40) {
            try! program.answer(.encode(.init(job: JobID("j")!, model: "default", pictures: Array(work[part..<min(part + 40, work.count)]), batch: 32)))
        }
        return (desk.files, desk.verdicts)
    }()

    private func fit(_ desk: Desk, _ strategy: Manifest.Training.Strategy) throws {
        var program = Self.program(desk)
        let unusable = Self.encoded.verdicts.filter { $0.value.error != nil }.map(\.key)
        try program.answer(.fit(.init(job: JobID("j")!, manifest: Self.manifest(strategy), unusable: unusable)))
    }

    private func desk() -> Desk {
        let desk = Desk()
        desk.files = Self.encoded.files
        return desk
    }

    @Test func badPictures_haveTheirCodes_andOthersTheirFeatures() {
        let bad = Self.encoded.verdicts.filter { $0.value.error != nil }
        #expect(bad.mapValues { $0.error?.code } == [18: .imageUnsupported, 25: .imageMissing])
        #expect(Self.encoded.verdicts.count == 90)
        #expect(Self.encoded.verdicts.values.allSatisfy { $0.answer == nil })
    }

    @Test(arguments: [Manifest.Training.Strategy.lda, .twoWay])
    func linkFile_isTheSameBytes_howeverOftenLearningIsInterrupted(_ strategy: Manifest.Training.Strategy) throws {
        let whole = desk()
        try fit(whole, strategy)
        guard case .finished? = whole.ending else { Issue.record("\(String(describing: whole.ending))"); return }
        let link = try #require(whole.link), report = try #require(whole.report)
        let file = try LinkFile(gguf: GGUFFile(copying: [UInt8](link), path: "link"))
        #expect((file.training.classes, file.training.pictures, file.training.strategy) == (15, 88, strategy.rawValue))
        #expect(file.methods == [.metric, .prototype])
        #expect(report.validation.accuracy > 0.5)
        #expect(report.validation.baseAccuracy != nil)
        #expect((report.curve == nil) == (strategy == .lda))

        // A new worker each time, with what was kept; each is told to stop after its first or second entry.
        let broken = desk()
        var rounds = 0
        repeat {
            rounds += 1
            let next = desk()
            next.entries = broken.entries
            next.patience = 1 + rounds % 2
            try fit(next, strategy)
            broken.entries = next.entries
            if case .finished? = next.ending {
                #expect(next.link == link)
                #expect(next.report == report)
                break
            }
            guard case .paused? = next.ending else { Issue.record("\(String(describing: next.ending))"); break }
        } while rounds < 100
        #expect(rounds > 3)
    }

    @Test func learning_fails_withItsCode_whereTooFewPicturesAreLeft() throws {
        let desk = desk()
        var program = Self.program(desk)
        // All but 14 labels of fewer than five pictures.
        let unusable = (0..<12).flatMap { [$0 * 6, $0 * 6 + 1] }
        try program.answer(.fit(.init(job: JobID("j")!, manifest: Self.manifest(.twoWay), unusable: unusable + [25, 18])))
        guard case .failed(let failure)? = desk.ending else { Issue.record("\(String(describing: desk.ending))"); return }
        #expect(failure.code == .trainingTooFew)
    }

    @Test func learning_fails_whereFeaturesAreDamagedOrTooMany() throws {
        let damaged = desk()
        damaged.files["features"]![1000] ^= 1
        try fit(damaged, .lda)
        guard case .failed(let failure)? = damaged.ending else { Issue.record("\(String(describing: damaged.ending))"); return }
        #expect(failure.code == .internal)
        let small = desk()
        var program = WorkerProgram(shelf: ModelShelf(memory: 1 << 16), pictures: small, send: small.hear, receive: small.answer)
        try program.answer(.fit(.init(job: JobID("j")!, manifest: Self.manifest(.lda), unusable: [])))
        guard case .failed(let excess)? = small.ending else { Issue.record("\(String(describing: small.ending))"); return }
        #expect(excess.code == .supportTooLarge)
    }

    @Test func base_isUnknown_whereThereIsNone() throws {
        let desk = desk()
        var program = Self.program(desk)
        try program.answer(.encode(.init(job: JobID("j")!, model: "nobody-has-this", pictures: [], batch: 1)))
        guard case .failed(let failure)? = desk.ending else { Issue.record("\(String(describing: desk.ending))"); return }
        #expect(failure.code == .modelUnknown)
    }
}
