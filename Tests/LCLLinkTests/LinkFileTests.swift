// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor
import Testing

private let calibration = Calibration(
    temperature: 9.5, unknown: Calibration.Unknown(oneShot: 0.25, reach: 1.75))

private func sample() -> LinkFile {
    LinkFile(
        parts: [
            FeatureSpace.Part(tap: "d11.max", mean: [0.5, 1, 2], map: Matrix([[1, 0.5, -2], [0, 0.25, 8]])),
            FeatureSpace.Part(tap: "d15.max", mean: [3], map: Matrix([[0.5]])),
        ],
        cohort: Cohort(means: Matrix([[0.5, -0.25, 0.125], [0, 1, 0]])), calibrations: [.metric: calibration, .prototype: calibration],
        closer: LinkFile.Closer(
            parts: [FeatureSpace.Part(tap: "closer.d11.max", mean: [2, 4], map: Matrix([[1, -1]]))], cohort: Cohort(means: Matrix([[1], [-1]])),
            calibration: Calibration(temperature: 7, unknown: Calibration.Unknown(oneShot: 0.5, reach: 1.25))),
        training: LinkFile.Training(
            strategy: "lda", engine: "0.1.0", encoder: "ab12", classes: 3, pictures: 9, shrinkage: 0.25,
            provenance: ["one 1.0 ff", "two 2.0 ee"]))
}

/// Runs `body` with the path of a file with these bytes.
private func withFile<R>(_ bytes: [UInt8], _ body: (String) throws -> R) throws -> R {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + ".gguf")
    try Data(bytes).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
}

@Test func linkFile_comesBackAsItWas() throws {
    let link = sample()
    let back = try withFile(link.encoded()) { try LinkFile(path: $0) }
    #expect(back.training == link.training)
    #expect(back.calibrations == link.calibrations)
    #expect(back.methods == [.metric, .prototype])
    #expect(back.parts.map(\.tap) == ["d11.max", "d15.max"])
    #expect(back.parts.map(\.mean) == [[0.5, 1, 2], [3]])
    #expect(back.parts.map { $0.map?.elements } == [[1, 0.5, -2, 0, 0.25, 8], [0.5]])
    #expect(back.cohort?.means.elements == [0.5, -0.25, 0.125, 0, 1, 0])
    #expect(back.linking(.prototype).space.width == 4 && back.linking(.metric).space.width == 3)
    let closer = try #require(back.closer)
    #expect(closer.parts.map(\.tap) == ["closer.d11.max"] && closer.parts[0].mean == [2, 4] && closer.parts[0].map?.elements == [1, -1])
    #expect(closer.cohort.means.elements == [1, -1] && closer.calibration == link.closer?.calibration)
}

@Test func linkFile_hasNoCloserLook_whereNoneWasWritten() throws {
    var link = sample()
    link.closer = nil
    #expect(try withFile(link.encoded()) { try LinkFile(path: $0) }.closer == nil)
}

@Test func linkFile_isTheSameBytes_whereverItIsMade() {
    #expect(sample().encoded() == sample().encoded())
}

@Test func linkFile_servesPrototypeAlone_withoutMaps() throws {
    var link = sample()
    link.parts = [FeatureSpace.Part(tap: "d11.max", mean: [1, 2])]
    link.cohort = nil
    let back = try withFile(link.encoded()) { try LinkFile(path: $0) }
    #expect(back.methods == [.prototype])
}

@Test(arguments: ["nan", "infinite map", "cohort width", "infinite cohort", "cohort without maps", "temperature", "no calibration", "no taps", "tap twice", "closer cohort", "closer temperature", "closer without map", "no closer taps"])
func linkFile_refuses_whatCannotBeUsed(_ what: String) throws {
    var link = sample()
    switch what {
    case "nan": link.parts[0] = FeatureSpace.Part(tap: "d11.max", mean: [.nan])
    case "infinite map": link.parts[0] = FeatureSpace.Part(tap: "d11.max", mean: [1], map: Matrix([[1e6]]))  // not an F16
    case "cohort width": link.cohort = Cohort(means: Matrix([[1, 2]]))
    case "infinite cohort": link.cohort = Cohort(means: Matrix([[1, 2, 1e6]]))
    case "cohort without maps": link.parts = link.parts.map { FeatureSpace.Part(tap: $0.tap, mean: $0.mean) }
    case "temperature": link.calibrations[.metric]?.temperature = 0
    case "no calibration": link.calibrations = [:]
    case "no taps": link.parts = []
    case "closer cohort": link.closer?.cohort = Cohort(means: Matrix([[1, 2]]))
    case "closer temperature": link.closer?.calibration.temperature = .nan
    case "closer without map": link.closer?.parts[0] = FeatureSpace.Part(tap: "closer.d11.max", mean: [2, 4])
    case "no closer taps": link.closer?.parts = []
    default: link.parts = [FeatureSpace.Part(tap: "d1.max", mean: [1]), FeatureSpace.Part(tap: "d2.max", mean: [1])]
    }
    var bytes = link.encoded()
    if what == "tap twice" {
        for index in bytes.indices.dropLast(6) where Array(bytes[index..<index + 6]) == Array("d2.max".utf8) {
            bytes[index + 1] = UInt8(ascii: "1")
        }
    }
    #expect(throws: (any Error).self) { try withFile(bytes) { try LinkFile(path: $0) } }
}

@Test func linkFile_refuses_aMapThatDoesNotTakeWhatTheTapGives() throws {
    var writer = GGUFWriter(architecture: LinkFile.architecture)
    let good = sample().encoded()
    let names = try withFile(good) { try GGUFFile(path: $0) }
    for (key, value) in names.metadata where key != "general.architecture" { writer.set(key, value) }
    for tap in ["d11.max", "d15.max"] {
        writer.add(tensor: "\(tap).mean", shape: [3], values: [1, 2, 3], as: .f32)
        writer.add(tensor: "\(tap).map", Matrix([[1, 2]]), as: .f16)
    }
    #expect(throws: LinkError.self) { try withFile(writer.encoded()) { try LinkFile(path: $0) } }
}

@Test func linkFile_refuses_anotherArchitecture() throws {
    var bytes = GGUFWriter(architecture: "llama").encoded()
    #expect(throws: LinkError.self) { try withFile(bytes) { try LinkFile(path: $0) } }
    bytes.removeLast()
    #expect(throws: ModelError.self) { try withFile(bytes) { try LinkFile(path: $0) } }
}

@Test func linkFile_refuses_everyTruncation() throws {
    let whole = sample().encoded()
    for length in stride(from: 0, to: whole.count, by: 7) {
        #expect(throws: (any Error).self) { try withFile(Array(whole.prefix(length))) { try LinkFile(path: $0) } }
    }
}
