// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import TestSchema
import Testing

/// The published schemas under `etc/lcld/schema` say what the code says.
struct SchemaTests {
    private func manifest(_ labels: String, _ queries: String, _ more: String = "") -> String {
        #"{"schema":"lcl/job/1","labels":\#(labels),"queries":\#(queries)\#(more)}"#
    }

    private func training(_ more: String, _ training: String = #"{"name":"beetles"}"#) -> String {
        #"{"schema":"lcl/job/1","task":"train","training":\#(training)\#(more)}"#
    }

    @Test func trainingSchema_acceptsWhatTheCodeWrites_andNothingLess() throws {
        let hash = String(repeating: "0f", count: 32), identity = JobResult.ModelIdentity(name: "m", sha256: hash)
        let manifest = Manifest(labels: [.init(name: "a", support: ["x", "y"])], queries: .list([]), training: .init(name: "m", strategy: .mix))
        let curve = TrainingResult.Curve(bestEpoch: 1, points: [
            .init(epoch: 0, loss: nil, accuracy: nil, validationLoss: 0.5, validationAccuracy: 0.5),
            .init(epoch: 1, loss: 0.4, accuracy: 0.9, validationLoss: 0.4, validationAccuracy: 0.75),
        ])
        let result = TrainingResult(
            job: "j", manifest: manifest, engine: "lcl 1", base: identity, model: identity,
            skipped: [.init(image: "y", label: "a", error: Failure(.imageTruncated, "cut", subject: "y"))],
            report: TrainingReport(validation: .init(episodes: 4, accuracy: 0.5, baseAccuracy: 0.25, plainAccuracy: 0.125), curve: curve))
        #expect(result.labels == [TrainingResult.Label(name: "a", pictures: 1)])
        let schema = try Schema(published: "training-1"), document = try JSONValue(parsing: CanonicalJSON.encode(result))
        #expect(schema.accepts(document))
        guard case .object(let fields) = document else { return #expect(Bool(false), "a result is an object") }
        for key in fields.keys where !["name", "curve"].contains(key) {
            var cut = fields
            cut[key] = nil
            #expect(!schema.accepts(.object(cut)), "a result without \(key)")
        }
    }

    @Test func jobSchema_agreesWithTheReader_onGoodAndBadManifests() throws {
        let schema = try Schema(published: "job-1")
        let labels = #"[{"name":"a","support":["x"]},{"name":"b","support":["y"]}]"#
        let good = [
            manifest(labels, #""queries/*.jpg""#), manifest(labels, #"["q",{"image":"r","id":"1","expected":"a"},{"image":"s","expected":null}]"#),
            manifest(labels, #"["q"]"#, #","name":"n","model":"default","method":"metric","options":{"priority":-3,"unknown":"off","top":1,"seed":0,"expires":"7d"}"#),
            manifest(labels, #"["q"]"#, #","options":{"unknown":0.25,"transductive":true,"expires":60}"#), manifest(labels, #"["q"]"#, #","task":"classify""#),
            training(#","archive":"archive/""#), training(#","archive":"a","model":"m","name":"n","options":{"priority":1,"expires":"7d"}"#),
            training(#","archive":"a""#, #"{"name":"b","strategy":"2way-weight","epochs":3,"seed":0,"shared":false}"#),
            training(#","labels":[{"name":"a","support":"a/*.jpg"},{"name":"b","support":"b"}]"#),
        ]
        let bad = [
            "7", "{}", manifest("[]", #"["q"]"#), manifest(labels, "[]"), manifest(labels, "7"), manifest(labels, #"[{"id":"x"}]"#),
            manifest(#"[{"name":"a","support":[]},{"name":"b","support":["y"]}]"#, #"["q"]"#), manifest(#"[{"name":"","support":["x"]},{"name":"b","support":["y"]}]"#, #"["q"]"#),
            manifest(labels, #"["q"]"#, #","colour":1"#), manifest(labels, #"["q"]"#, #","model":"../x""#), manifest(labels, #"["q"]"#, #","method":"magic""#),
            manifest(labels, #"["q"]"#, #","options":{"priority":101}"#), manifest(labels, #"["q"]"#, #","options":{"unknown":2}"#),
            training(""), training(#","archive":"a","queries":["q"]"#), training(#","archive":"a","method":"metric""#), training(#","archive":"a""#, "{}"),
            training(#","archive":"a""#, #"{"name":"../x"}"#), training(#","archive":"a""#, #"{"name":"x","strategy":"magic"}"#), training(#","archive":"""#),
            training(#","archive":"a""#, #"{"name":"x","strategy":"mix","epochs":0}"#), training(#","archive":"a","options":{"top":1}"#),
            manifest(labels, #"["q"]"#, #","archive":"a""#), manifest(labels, #"["q"]"#, #","task":"train""#), manifest(labels, #"["q"]"#, #","task":"else""#),
            manifest(#"[{"name":"a","support":"x"},{"name":"b","support":["y"]}]"#, #"["q"]"#),
            manifest(labels, #"["q"]"#, #","options":{"expires":"soon"}"#), manifest(labels, #"["q"]"#, #","options":{"seed":1.5}"#),
        ]
        for text in good + bad {
            let document = try JSONValue(parsing: Data(text.utf8))
            let accepted = (try? Manifest.read(document).get()) != nil
            #expect(accepted == good.contains(text), "the reader on \(text)")
            #expect(schema.accepts(document) == accepted, "the schema on \(text)")
        }
    }

    @Test func resultSchema_acceptsWhatTheCodeWrites_andNothingLess() throws {
        let hash = String(repeating: "0f", count: 32)
        let answer = Answer(
            label: "a", confidence: 0.9, unknown: false, margin: 0.25, scores: [.init(label: "a", logit: 1.5, probability: 0.9)],
            nearest: [.init(image: "s", label: "a", similarity: 0.75)])
        let failure = Failure(.imageTruncated, "cut", subject: "r")
        let result = JobResult(
            job: "j", name: "n", engine: "0.1.0", model: .init(name: "default", sha256: hash), method: .metric, seed: 1, transductive: false,
            labels: ["a", "b"],
            support: SupportReport(
                images: 3, leaveOneOutAccuracy: 0.5, suspects: [.init(image: "s", label: "a", looksLike: "b", confidence: 0.8)],
                skipped: [.init(image: "t", label: "b", error: failure)]),
            queries: [
                Verdict(id: "q", image: "q", sha256: hash, outcome: .success(answer)), Verdict(id: "r", image: "r", sha256: nil, outcome: .failure(failure)),
            ],
            expected: ["a", nil])
        let schema = try Schema(published: "result-1"), document = try JSONValue(parsing: CanonicalJSON.encode(result))
        #expect(schema.accepts(document))
        guard case .object(let fields) = document else { return #expect(Bool(false), "a result is an object") }
        for key in fields.keys where !["name", "evaluation"].contains(key) {
            var cut = fields
            cut[key] = nil
            #expect(!schema.accepts(.object(cut)), "a result without \(key)")
        }
    }

    @Test func everyFailureCode_fitsTheResultSchema() throws {
        for code in Failure.Code.allCases { #expect(code.rawValue.wholeMatch(of: /[a-z]+(\.[a-z_]+)?/) != nil) }
    }
}
