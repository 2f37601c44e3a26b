// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor
import LCLTraining
import Testing

private let table = SyntheticTable.make(pictures: [Int](repeating: 12, count: 60), sources: 2)

private func fit(_ strategy: LinkStrategy) -> EpisodicFit {
    var fit = EpisodicFit(strategy)
    fit.start.outputs = 8
    fit.epochs = 3
    fit.rate = 1e-2
    fit.lessonsPerStep = 8
    return fit
}

private func folder() throws -> String {
    let path = NSTemporaryDirectory() + "lcl-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
}

private let somePoint = LearningCurve.Point(epoch: 0, validationLoss: 1, validationAccuracy: 0.5)

private func training(_ fit: EpisodicFit) throws -> MetricTraining {
    try MetricTraining(fit, table, classes: table.classes, taps: ["d11.max"])
}

@Test(arguments: LinkStrategy.allCases)
func training_lowersTheLossOfItsLessons(strategy: LinkStrategy) throws {
    var training = try training(fit(strategy))
    let batch = MetricBatch((0..<60).map { training.sampler.lesson(epoch: 0, number: $0, seed: 1) })
    let before = training.outcome(of: batch).loss
    for _ in 0..<3 { _ = training.runEpoch { _ in } }
    #expect(training.outcome(of: batch).loss < 0.9 * before)
}

@Test(arguments: [LinkStrategy.twoWay, .mix])
func resumedTraining_isTheUninterruptedOne_toTheBit(strategy: LinkStrategy) throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var whole = try training(fit(strategy)), first = whole
    for _ in 0..<3 { _ = whole.runEpoch { _ in } }

    _ = first.runEpoch { _ in }
    let path = "\(folder)/checkpoint.gguf"
    try Data(first.checkpoint(.all, LearningCurve(points: [somePoint])).encoded()).write(to: URL(filePath: path))
    var second = try training(fit(strategy))
    try second.restore(MetricCheckpoint(path: path))
    for _ in 0..<2 { _ = second.runEpoch { _ in } }
    #expect(second.parameters == whole.parameters)
    #expect(second.optimizer == whole.optimizer)
    #expect(second.epoch == 3)
}

@Test(arguments: [1, 2, 4])
func interruptedFit_endsAsTheUninterruptedOne(checkpointsKept: Int) throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var fit = fit(.twoWayRandom)
    fit.checkpoints = try FolderJournal(folder)
    let whole = try fit.run(table, classes: table.classes, taps: ["d11.max"])
    #expect(whole.curve.bestEpoch > 0, "there is something to go on with")

    // The state that a fit interrupted after so many epochs of its search leaves behind.
    let path = "\(folder)/" + (try FileManager.default.contentsOfDirectory(atPath: folder))[0]
    var halted = try MetricTraining(fit, table, classes: fit.split(table.classes).kept, taps: ["d11.max"])
    for _ in 0..<checkpointsKept { _ = halted.runEpoch { _ in } }
    let curve = LearningCurve(points: Array(whole.curve.points.prefix(checkpointsKept + 1)))
    try Data(halted.checkpoint(.search, curve).encoded()).write(to: URL(filePath: path))
    let resumed = try fit.run(table, classes: table.classes, taps: ["d11.max"])
    #expect(resumed.curve == whole.curve)
    #expect(zip(resumed.parts, whole.parts).allSatisfy { $0.map == $1.map && $0.mean == $1.mean })
}

@Test func finishedFit_isReadFromItsCheckpoint() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var fit = fit(.twoWay)
    fit.checkpoints = try FolderJournal(folder)
    let first = try fit.run(table, classes: table.classes, taps: ["d11.max"])
    fit.progress = { _ in Issue.record("nothing is left to train") }
    let second = try fit.run(table, classes: table.classes, taps: ["d11.max"])
    #expect(zip(first.parts, second.parts).allSatisfy { $0.map == $1.map })
    fit.progress = { _ in }
    fit.seed = 2
    _ = try fit.run(table, classes: table.classes, taps: ["d11.max"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2, "another seed is another training")
}

@Test func fit_keepsTheClosedForm_whenNoEpochIsBetter() throws {
    var fit = fit(.twoWay)
    fit.rate = 10
    let (parts, curve) = try fit.run(table, classes: table.classes, taps: ["d11.max"])
    #expect(curve.bestEpoch == 0)
    #expect(curve.points.count == fit.epochs + 1)
    let closed = try fit.start.parts(table, classes: table.classes, taps: ["d11.max"])
    #expect(parts[0].map == closed[0].map)
}

@Test func validationClasses_areNotTrainedOn_andComeFromEverySource() {
    let (kept, held) = fit(.twoWay).split(table.classes)
    #expect(Set(kept).isDisjoint(with: held) && kept.count + held.count == table.classes.count)
    #expect(held.count == 10 && Set(held.map(\.source)) == ["s0", "s1"])
}

/// Two classes in three are too small to be validated on.
@Test func validationClasses_haveEnoughPictures_whateverTheLot() {
    let table = SyntheticTable.make(pictures: (0..<60).map { $0 % 3 == 0 ? 5 : 2 })
    for seed in 1...20 {
        var fit = fit(.twoWay)
        fit.seed = UInt64(seed)
        let held = fit.split(table.classes).held
        #expect(held.count == 10 && held.allSatisfy { $0.rows.count == 5 })
    }
}

@Test func fit_refuses_classesWithoutVariation() {
    let varied = SyntheticTable.make(pictures: [Int](repeating: 3, count: 12))
    let rows = varied.classes.flatMap { one in one.rows.map { _ in varied.features.row(one.rows[0]) } }
    let same = FeatureTable(taps: varied.taps, widths: varied.columns.map(\.count), features: Matrix(rows), classes: varied.classes)
    #expect(throws: TrainingError.alike) { try DiscriminantFit().parts(same, classes: same.classes, taps: ["d11.max"]) }
}

@Test func fit_refuses_tooFewClassesToValidateOn() {
    let small = SyntheticTable.make(pictures: [8, 8, 8])
    #expect(throws: TrainingError.self) { try fit(.twoWay).run(small, classes: small.classes, taps: ["d11.max"]) }
}

@Test func checkpoint_isRefused_whenDamagedOrOfAnotherShape() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/checkpoint.gguf", curve = LearningCurve(points: [somePoint])
    var wide = fit(.twoWay)
    wide.start.outputs = 9
    var training = try training(fit(.twoWay))
    let other = try MetricTraining(wide, table, classes: table.classes, taps: ["d11.max"]).checkpoint(.all, curve)
    #expect(throws: TrainingError.self) { try training.restore(other) }
    let bytes = other.encoded()
    try Data(bytes.prefix(bytes.count / 2)).write(to: URL(filePath: path))
    #expect(throws: (any Error).self) { try MetricCheckpoint(path: path) }
    try Data(GGUFWriter(architecture: "llama").encoded()).write(to: URL(filePath: path))
    #expect(throws: (any Error).self) { try MetricCheckpoint(path: path) }
}

@Test func learningCurve_drawsEveryPoint() throws {
    let curve = LearningCurve(points: (0..<4).map {
        LearningCurve.Point(epoch: $0, loss: $0 == 0 ? nil : 0.5, accuracy: $0 == 0 ? nil : 0.7, validationLoss: [3, 2, 1, 2][$0], validationAccuracy: 0.8)
    })
    #expect(curve.bestEpoch == 2)
    let svg = curve.svg(title: "a < b & \"c\"")
    #expect(svg.contains("a &lt; b &amp; &quot;c&quot;"))
    let lines = svg.split(separator: "\n").filter { $0.hasPrefix("<polyline") }
    #expect(lines.map { $0.split(separator: "\"")[1].split(separator: " ").count } == [3, 4, 3, 4])
    #expect(!svg.contains("nan"))
}
