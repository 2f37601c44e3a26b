// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLDaemon
import LCLJob
import LCLModel
import Testing

/// A daemon's own models, for one test, and removed with it.
final class TrainedModels {
    let root = "/tmp/lcl-depot-\(UUID().uuidString.prefix(8))"
    var home: String { root + "/state/models" }
    let depot: ModelDepot
    let base: JobResult.ModelIdentity
    let link: Data

    init() throws {
        let standard = try ModelDirectory.find("default")
        base = .init(name: "default", sha256: standard.identity)
        link = try Data(contentsOf: URL(filePath: standard.path(of: "link.gguf")))
        depot = ModelDepot(home: root + "/state/models", searchPath: ModelDirectory.searchPath(trained: root + "/state/models"))
        try depot.prepare()
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    @discardableResult
    func train(_ name: String, for uid: UInt32 = ModelDepotTests.owner, link: Data? = nil, shared: Bool = false) throws -> JobResult.ModelIdentity {
        try depot.publish(link ?? self.link, job: JobID("job")!, of: uid, ModelDepotTests.training(name, shared: shared), base: base)
    }
}

/// Whose the models of trainings are. Users are numbers that nobody has, so none of them is an administrator.
struct ModelDepotTests {
    static let owner: UInt32 = 40_001, other: UInt32 = 40_002

    static func training(_ name: String, shared: Bool = false, from model: String = "default") -> Manifest {
        let labels = (0..<10).map { label in Manifest.Label(name: "l\(label)", support: (0..<5).map { "\(label)/\($0)" }) }
        return Manifest(model: model, labels: labels, queries: .list([]), training: .init(name: name, shared: shared))
    }

    private static func question(_ model: String) -> Manifest {
        Manifest(model: model, labels: [.init(name: "a", support: ["a"]), .init(name: "b", support: ["b"])], queries: .list([.init(id: "q", image: "q")]))
    }

    @Test func model_isWholeAndItsOwners_onceItIsPublished() throws {
        let place = try TrainedModels(), identity = try place.train("beetles")
        let model = try ModelDirectory(path: place.home + "/beetles")
        try model.verify()
        #expect(model.identity == identity.sha256)
        #expect(model.card.trained == .init(job: "job", owner: Self.owner, shared: false, base: "default", baseSHA256: place.base.sha256))
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.home) == ["beetles"])
        #expect(place.depot.refusal(of: Self.question("beetles"), for: Self.owner) == nil)
        #expect(place.depot.refusal(of: Self.question("beetles"), for: 0) == nil)
        #expect(place.depot.refusal(of: Self.question("beetles"), for: Self.other)?.code == .modelUnknown)
        #expect(place.depot.refusal(of: Self.training("mine", from: "beetles"), for: Self.other)?.code == .modelUnknown)
        #expect(place.depot.refusal(of: Self.training("mine", from: "beetles"), for: Self.owner) == nil)
        #expect(place.depot.refusal(of: Self.training("beetles", from: "beetles"), for: Self.owner)?.code == .trainingTaken)
        #expect(place.depot.refusal(of: Self.question("nobody-has-this"), for: Self.other) == nil, "a worker says that")
        #expect(try place.train("beetles") == identity, "the same input makes the same bytes")
    }

    @Test func name_isTaken_whereItIsAnothersOrNobodyTrainedIt() throws {
        let place = try TrainedModels()
        try place.train("beetles")
        #expect(place.depot.refusal(of: Self.training("beetles"), for: Self.owner) == nil)
        #expect(place.depot.refusal(of: Self.training("beetles"), for: Self.other)?.code == .trainingTaken)
        #expect(place.depot.refusal(of: Self.training("beetles"), for: 0)?.code == .trainingTaken)
        #expect(place.depot.refusal(of: Self.training("default"), for: 0)?.code == .trainingTaken)
        try FileManager.default.createDirectory(atPath: place.home + "/half", withIntermediateDirectories: true)
        #expect(place.depot.refusal(of: Self.training("half"), for: Self.owner)?.code == .trainingTaken)
        #expect(throws: ModelDepot.Refused.self) { try place.train("beetles", for: Self.other) }
        #expect(try ModelDirectory(path: place.home + "/beetles").card.trained?.owner == Self.owner)
    }

    @Test func everybodysModels_areMadeByAdministratorsAlone() throws {
        let place = try TrainedModels()
        #expect(place.depot.refusal(of: Self.training("ours", shared: true), for: Self.owner)?.code == .trainingNotAllowed)
        #expect(place.depot.refusal(of: Self.training("ours", shared: true), for: 0) == nil)
        try place.train("ours", for: 0, shared: true)
        #expect(place.depot.refusal(of: Self.question("ours"), for: Self.other) == nil)
        #expect(place.depot.refusal(of: Self.training("ours"), for: Self.other)?.code == .trainingTaken)
    }

    @Test func nothing_isPublished_ofWhatIsNoLinkFileOfTheBase() throws {
        let place = try TrainedModels()
        for link in [Data(), Data("nonsense".utf8), place.link.dropLast(100), Data(repeating: 0xff, count: 1 << 16)] {
            #expect(throws: ModelDepot.Refused.self) { try place.train("beetles", link: Data(link)) }
        }
        #expect(throws: ModelDepot.Refused.self) {
            try place.depot.publish(place.link, job: JobID("job")!, of: Self.owner, Self.training("beetles"), base: .init(name: "default", sha256: "00"))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.home) == [])
    }

    @Test func models_areBounded_forEachUser() throws {
        let place = try TrainedModels(), depot = ModelDepot(home: place.home, searchPath: ModelDirectory.searchPath(trained: place.home), most: { 1 })
        #expect(depot.refusal(of: Self.training("first"), for: Self.owner) == nil)
        try place.train("first")
        #expect(depot.refusal(of: Self.training("second"), for: Self.owner)?.code == .quotaExceeded)
        #expect(depot.refusal(of: Self.training("first"), for: Self.owner) == nil)
        for uid in [Self.other, 0] { #expect(depot.refusal(of: Self.training("second"), for: uid) == nil) }
    }
}
