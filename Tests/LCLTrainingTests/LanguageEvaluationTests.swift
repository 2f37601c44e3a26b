// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTraining
import TestModels
import TestPictures
import Testing

/// A model of invented weights is right by chance; what is measured is that every episode is asked, and that flips flip.
struct LanguageEvaluationTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("lcl-\(UUID().uuidString)")

    /// 15 classes of 5 pictures: the least that is measured on.
    private func report(_ edit: (inout LanguageEvaluation) -> Void) throws -> EvaluationReport {
        defer { try? FileManager.default.removeItem(at: directory) }
        for index in 0..<15 {
            let folder = directory.appending(path: "test/drawn/\(TestPictures.label(ofClass: index))")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for instance in 0..<5 {
                try Data(TestPictures.picture(class: index, instance: instance, side: 24).png()).write(to: folder.appending(path: "\(instance).png"))
            }
        }
        let model = try TestModels.makeTiny(in: directory) { $0.template = .named("compact") }
        let loaded = try #require(ModelLoader.load(model, memory: .max) as? ConversationModel)
        var evaluation = LanguageEvaluation()
        (evaluation.episodes, evaluation.shots) = (10, [2])
        edit(&evaluation)
        let (report, skipped) = try evaluation.run(loaded, on: PictureTree(root: directory.path + "/test"))
        #expect(skipped.isEmpty)
        return report
    }

    @Test(arguments: Negatives.allCases) func report_hasAccuracyFlipsAndOrder(_ negatives: Negatives) throws {
        let report = try report { $0.negatives = negatives }
        #expect(report.accuracy.count == 1 && report.order.count == 1 && report.flips.map(\.flipped) == [0, 50, 100])
        #expect(report.flips.allSatisfy { (0...100).contains($0.accuracy) })
        #expect(report.table.contains("wrong labels"))
    }

    @Test func flipsAlone_areMeasured_whenAsked() throws {
        let report = try report {
            $0.figures = .flip
        }
        #expect(report.accuracy.isEmpty && report.order.isEmpty && report.flips.count == 3)
    }

    @Test func accuracyAlone_isTheSame_whenNothingElseIsMeasured() throws {
        let alone = try report { $0.figures = .accuracy }, all = try report { _ in }
        #expect(alone.accuracy == all.accuracy && alone.flips.isEmpty && alone.order.isEmpty)
    }

    @Test func freeAnswers_ofNonsense_areWrong() throws {
        let report = try report { $0.counting = .paper }
        #expect(report.accuracy.map(\.accuracy) == [0])
    }
}
