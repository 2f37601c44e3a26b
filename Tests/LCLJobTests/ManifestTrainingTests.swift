// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import Testing

/// Manifests of the task `train`.
struct ManifestTrainingTests {
    private func manifest(_ more: String, training: String = #"{"name":"beetles"}"#) -> Result<Manifest, Problems> {
        Manifest.read(Data(#"{"schema":"lcl/job/1","task":"train","training":\#(training)\#(more)}"#.utf8))
    }

    private func codes(_ outcome: Result<Manifest, Problems>) -> [Failure.Code] {
        if case .failure(let problems) = outcome { problems.problems.map(\.code) } else { [] }
    }

    private func labels(_ count: Int, pictures: Int = 5) -> String {
        let labels = (0..<count).map { label in
            #"{"name":"l\#(label)","support":[\#((0..<pictures).map { "\"a/\(label)/\($0).jpg\"" }.joined(separator: ","))]}"#
        }
        return #","labels":[\#(labels.joined(separator: ","))]"#
    }

    @Test func read_keepsEveryField_andWritesThemAgain() throws {
        let training = #"{"name":"beetles","strategy":"2way-random","epochs":4,"seed":9,"shared":true}"#
        let read = try manifest(labels(15) + #","model":"other","name":"n","options":{"priority":-5,"expires":"7d"}"#, training: training).get()
        #expect(read.task == .train)
        #expect(read.training == .init(name: "beetles", strategy: .twoWayRandom, epochs: 4, seed: 9, shared: true))
        #expect((read.model, read.name, read.options.priority, read.options.expires) == ("other", "n", -5, 604_800))
        #expect(read.work.map(\.image).prefix(6) == ["a/0/0.jpg", "a/0/1.jpg", "a/0/2.jpg", "a/0/3.jpg", "a/0/4.jpg", "a/1/0.jpg"])
        #expect(try CanonicalJSON.decode(Manifest.self, from: CanonicalJSON.encode(read)) == read)
        let folder = try manifest(#","archive":"archive/""#).get()
        #expect(try CanonicalJSON.decode(Manifest.self, from: CanonicalJSON.encode(folder)) == folder)
    }

    @Test func task_isClassify_whereNothingIsSaid() throws {
        let labels = #"[{"name":"a","support":["x"]},{"name":"b","support":["y"]}]"#
        let read = try Manifest.read(Data(#"{"schema":"lcl/job/1","labels":\#(labels),"queries":["q"]}"#.utf8)).get()
        #expect(read.task == .classify)
        let said = try Manifest.read(Data(#"{"schema":"lcl/job/1","task":"classify","labels":\#(labels),"queries":["q"]}"#.utf8)).get()
        #expect(said == read)
        let mixed = Manifest.read(Data(#"{"schema":"lcl/job/1","labels":\#(labels),"queries":["q"],"training":{"name":"x"}}"#.utf8))
        #expect(codes(mixed) == [.manifestField])
    }

    @Test func mistakes_haveTheirCodes() {
        #expect(codes(manifest(labels(9))) == [.trainingTooFew])
        #expect(codes(manifest(labels(10, pictures: 4))) == [.trainingTooFew])
        #expect(codes(manifest(labels(10))) == [])
        #expect(codes(manifest(labels(14), training: #"{"name":"b","strategy":"mix"}"#)) == [.trainingTooFew])
        #expect(codes(manifest(labels(10), training: #"{"name":"b","strategy":"magic"}"#)) == [.trainingStrategy])
        #expect(codes(manifest(labels(10), training: #"{"name":"b","epochs":3}"#)) == [.manifestField])
        #expect(codes(manifest(labels(10) + #","queries":["q"]"#)) == [.trainingQueries])
        #expect(codes(manifest(labels(10) + #","method":"metric""#)) == [.manifestField])
        #expect(codes(manifest(labels(10) + #","options":{"top":1}"#)) == [.manifestField])
        #expect(codes(manifest(labels(10) + #","archive":"a""#)) == [.manifestField])
        #expect(codes(manifest(#","archive":"../a""#)) == [.manifestPath])
        #expect(codes(manifest(#","archive":7"#)) == [.manifestField])
        #expect(codes(Manifest.read(Data(#"{"schema":"lcl/job/1","task":"train","archive":"a"}"#.utf8))) == [.manifestField])
    }

    @Test(arguments: ["../x", "a/b", ".hidden", "", "a b", "ä", "x\\u0000", "-x", String(repeating: "a", count: 65)])
    func name_isRefused_whereItIsNoModels(_ name: String) {
        #expect(codes(manifest(labels(10), training: #"{"name":"\#(name)"}"#)).contains(.manifestField), "\(name)")
    }

    // MARK: Folders and patterns

    private let files = (0..<10).flatMap { label in (0..<5).map { "archive/l\(label)/sub/\($0).jpg" } } + ["job.json", "archive/.hidden/x.jpg", "other/x.jpg"]

    @Test func archive_becomesLabels_byItsFolders() throws {
        let read = try manifest(#","archive":"archive/""#).get()
        #expect(read.patterns == ["archive/"])
        let resolved = try read.resolving(files: files.shuffled()).get()
        #expect(resolved.patterns.isEmpty)
        #expect(resolved.labels.map(\.name) == (0..<10).map { "l\($0)" })
        #expect(resolved.labels[3].support == (0..<5).map { "archive/l3/sub/\($0).jpg" })
        #expect(codes(read.resolving(files: files + ["archive/loose.jpg"])) == [.manifestPath])
        #expect(codes(read.resolving(files: ["archive/l1/1.jpg"])).contains(.supportFewLabels))
        #expect(codes(read.resolving(files: files.filter { !$0.hasPrefix("archive/l7") })) == [.trainingTooFew])
    }

    @Test func labels_areExpanded_byFolderAndByGlob() throws {
        let patterns = (0..<10).map { #"{"name":"l\#($0)","support":"archive/l\#($0)/\#($0 % 2 == 0 ? "" : "**/*.jpg")"}"# }.joined(separator: ",")
        let resolved = try manifest(#","labels":[\#(patterns)]"#).get().resolving(files: files).get()
        #expect(resolved.labels.allSatisfy { $0.support.count == 5 && $0.pattern == nil })
        #expect(codes(manifest(#","labels":[{"name":"a","support":"nothing/"},{"name":"b","support":"archive/l1"}]"#).flatMap { $0.resolving(files: files) }) == [.supportEmpty])
    }

    /// Labels times files: hours, in the one loop that takes jobs in.
    @Test func patterns_areRefused_whereThereIsTooMuchToLookThrough() throws {
        let labels = (0..<1000).map { Manifest.Label(name: "\($0)", support: [], pattern: "archive/*?*?*?*\($0)*.png") }
        let manifest = Manifest(labels: labels, queries: .list([]), training: .init(name: "m")), files = (0..<100_000).map { "archive/picture \($0).png" }
        guard case .failure(let problems) = manifest.resolving(files: files) else { Issue.record("it was looked through"); return }
        #expect(problems.problems.map(\.code) == [.jobTooLarge])
        let globs = Manifest(labels: (0..<60).map { .init(name: "\($0)", support: [], pattern: "archive/\($0)/*.jpg") }, queries: .list([]), training: .init(name: "m"))
        #expect((try? globs.resolving(files: (0..<60_000).map { "archive/\($0 % 60)/picture \($0).jpg" }).get())?.labels[7].support.count == 1000)
        let folders = Manifest(labels: (0..<1000).map { .init(name: "\($0)", support: [], pattern: "archive/\($0)") }, queries: .list([]), training: .init(name: "m"))
        #expect((try? folders.resolving(files: (0..<5000).map { "archive/\($0 / 5)/\($0).png" }).get())?.labels.count == 1000)
    }

    @Test func answers_areBounded_byQueriesTimesLabels() {
        var manifest = Manifest(
            labels: (0..<1000).map { .init(name: "\($0)", support: ["\($0).png"]) }, queries: .list((0..<5001).map { .init(id: "\($0)", image: "q.png") }))
        #expect(manifest.tooManyScores?.code == .jobTooLarge)
        manifest.options.top = 999
        #expect(manifest.tooManyScores == nil)
    }
}
