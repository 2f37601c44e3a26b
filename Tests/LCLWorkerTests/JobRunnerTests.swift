// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLLink
import LCLModel
import LCLWorker
import Testing
import TestPictures

/// Pictures in memory.
private struct Pictures: PictureSource {
    var files: [String: [UInt8]]

    func read(_ path: String, upTo limit: Int) throws(Failure) -> [UInt8] {
        guard let file = files[path] else { throw Failure(.imageMissing, "'\(path)' is not there", subject: path) }
        return file
    }
}

struct JobRunnerTests {
    private static let pictures: Pictures = {
        var files: [String: [UInt8]] = ["empty": [], "text": Array("hello".utf8)]
        for index in 0..<2 {
            for instance in 0..<12 { files["\(index)-\(instance)"] = TestPictures.picture(class: index, instance: instance, side: 64).jpeg() }
        }
        return Pictures(files: files)
    }()

    private static func manifest(_ edit: (inout Manifest) -> Void = { _ in }) -> Manifest {
        var manifest = Manifest(
            labels: (0..<2).map { index in .init(name: "class \(index)", support: (0..<3).map { "\(index)-\($0)" }) }, queries: .list([]))
        edit(&manifest)
        return manifest
    }

    private static let queries: [Numbered<Manifest.Query>] = (3..<12).flatMap { i in ["0-\(i)", "1-\(i)"] }.enumerated().map {
        Numbered(ordinal: $0.offset, value: .init(id: $0.element, image: $0.element))
    }

    private static func answers(_ manifest: Manifest, batch: Int, queries: [Numbered<Manifest.Query>] = queries) throws -> [Verdict] {
        let runner = try ModelShelf().runner(for: "default")
        let job = try runner.link(manifest, from: pictures, together: 32)
        var verdicts: [Int: Verdict] = [:]
        try runner.answer(queries, of: job, from: pictures, batch: batch, emit: { for one in $0 { verdicts[one.ordinal] = one.value } })
        return verdicts.sorted { $0.key < $1.key }.map(\.value)
    }

    @Test func answers_areRight_andTheSameBytesWhateverTheBatch() throws {
        let whole = try Self.answers(Self.manifest(), batch: 32)
        #expect(whole.count == 18)
        for verdict in whole { #expect(verdict.answer?.label == "class \(verdict.id.prefix(1))") }
        for batch in [1, 5] { #expect(try Self.answers(Self.manifest(), batch: batch) == whole) }
        let backwards = try Self.answers(Self.manifest(), batch: 7, queries: Self.queries.reversed())
        #expect(backwards == whole)
    }

    @Test func lastWords_areOfNoPicture_whereAllAreAnsweredTogether() throws {
        let runner = try ModelShelf().runner(for: "default")
        let job = try runner.link(Self.manifest { $0.options.transductive = true }, from: Self.pictures, together: 32)
        var began: [[Int]] = [], answered = 0
        try runner.answer(Self.queries, of: job, from: Self.pictures, began: { began.append($0) }, emit: {
            #expect(began.last == [])
            answered += $0.count
        })
        #expect(answered == 18 && began.first?.isEmpty == false)
    }

    @Test func transductiveAnswers_comeForAllQueries() throws {
        let verdicts = try Self.answers(Self.manifest { $0.options.transductive = true }, batch: 4)
        #expect(verdicts.count == 18)
        for verdict in verdicts { #expect(verdict.answer?.label == "class \(verdict.id.prefix(1))") }
    }

    @Test func badQueries_areAnsweredWithTheirCodes() throws {
        let bad = ["empty", "text", "nowhere"].enumerated().map { Numbered(ordinal: $0.offset, value: Manifest.Query(id: $0.element, image: $0.element)) }
        let verdicts = try Self.answers(Self.manifest(), batch: 32, queries: bad)
        #expect(verdicts.map { $0.error?.code } == [.imageEmpty, .imageUnsupported, .imageMissing])
    }

    @Test func badSupport_isSkipped_andReported() throws {
        let runner = try ModelShelf().runner(for: "default")
        let job = try runner.link(Self.manifest { $0.labels[0].support.append("text") }, from: Self.pictures, together: 32)
        #expect(job.linked.support.images == 6)
        #expect(job.linked.support.skipped.map(\.error.code) == [.imageUnsupported])
    }

    @Test func samePictureTwice_underOneLabel_countsOnce() throws {
        let runner = try ModelShelf().runner(for: "default")
        let plain = try runner.link(Self.manifest(), from: Self.pictures, together: 32)
        let doubled = try runner.link(Self.manifest { $0.labels[0].support.insert("0-0", at: 1) }, from: Self.pictures, together: 32)
        #expect(doubled.linked.support.skipped.map(\.error.code) == [.supportDuplicate])
        #expect(doubled.linked.support.images == plain.linked.support.images)
        var (one, other): ([Verdict], [Verdict]) = ([], [])
        try runner.answer(Self.queries, of: plain, from: Self.pictures, emit: { one += $0.map(\.value) })
        try runner.answer(Self.queries, of: doubled, from: Self.pictures, emit: { other += $0.map(\.value) })
        #expect(one == other)
    }

    /// None of the pictures is there: what would not fit is refused before one is read.
    @Test func job_isRefused_whenItTakesMoreMemoryThanThereIs() throws {
        let runner = try ModelShelf(memory: 64 << 20).runner(for: "default")
        let many = Self.manifest { $0.labels[0].support = (0..<5_000).map { "no-\($0)" } }
        #expect { try runner.link(many, from: Self.pictures, together: 32) } throws: { ($0 as? Failure)?.code == .supportTooLarge }
        let together = Self.manifest { $0.options.transductive = true }
        #expect { try runner.link(together, from: Pictures(files: [:]), together: 5_000) } throws: { ($0 as? Failure)?.code == .supportTooLarge }
        _ = try runner.link(together, from: Self.pictures, together: 500)
        _ = try runner.link(Self.manifest(), from: Self.pictures, together: 5_000)
    }

    /// What the README offers, with the memory that a worker has as installed.
    @Test(arguments: [nil, "prototype"]) func largestUsualJob_isAdmitted(method: String?) throws {
        let model = try LinkModel(directory: ModelDirectory.find("default"), memory: 1536 << 20), names = (0..<1000).map { "\($0)" }
        try model.admit(names, shots: [Int](repeating: 16, count: 1000), together: 32, by: method, options: LinkOptions())
        try model.admit(["a", "b"], shots: [16, 16], together: 24_000, by: method, options: LinkOptions())
    }

    @Test(arguments: [
        (["text", "empty"], Failure.Code.supportEmpty), (["0-0", "1-0"], .supportConflict),
    ])
    func job_fails_whenItsSupportsCannotBeUsed(support: [String], code: Failure.Code) throws {
        let runner = try ModelShelf().runner(for: "default")
        #expect { try runner.link(Self.manifest { $0.labels[0].support = support }, from: Self.pictures, together: 32) } throws: { ($0 as? Failure)?.code == code }
    }

    @Test func unknownModelAndMethod_areTheSubmittersMistakes() throws {
        #expect { try ModelShelf().runner(for: "no-such-model") } throws: { ($0 as? Failure)?.code == .modelUnknown }
        #expect { try Self.answers(Self.manifest { $0.method = .mllm }, batch: 1) } throws: { ($0 as? Failure)?.code == .methodUnsupported }
    }

    @Test func top_cutsTheScores_bestFirst() throws {
        let verdicts = try Self.answers(Self.manifest { $0.options.top = 1 }, batch: 32)
        #expect(verdicts.allSatisfy { $0.answer?.scores.count == 1 && $0.answer?.scores[0].label == $0.answer?.label })
    }
}
