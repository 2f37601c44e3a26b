// SPDX-License-Identifier: Apache-2.0
import LCLJob
import LCLText
import Testing

private func result() -> JobResult {
    func answer(_ label: String, _ confidence: Double, unknown: Bool) -> Result<Answer, Failure> {
        .success(Answer(
            label: label, confidence: confidence, unknown: unknown, margin: 1.5, scores: [],
            nearest: [.init(image: "support/1.jpg", label: label, similarity: 0.875)]))
    }
    return JobResult(
        job: "j", name: nil, engine: "0.1.0", model: .init(name: "default", sha256: "0123456789abcdef"), method: .link, seed: 1,
        transductive: false, labels: ["cat", "dog"],
        support: .init(
            images: 2, leaveOneOutAccuracy: 0.5, suspects: [.init(image: "s\u{1B}.jpg", label: "cat", looksLike: "dog", confidence: 0.9)], skipped: []),
        queries: [
            Verdict(id: "a,b", image: "a.jpg", sha256: "ff", outcome: answer("cat", 0.912, unknown: false)),
            Verdict(id: "q2", image: "b.jpg", sha256: "fe", outcome: answer("dog", 0.4, unknown: true)),
            Verdict(id: "evil\u{1B}[2J", image: "c.jpg", sha256: nil, outcome: .failure(Failure(.imageEmpty, "the file is empty"))),
        ], expected: ["cat", nil, nil])
}

@Test func csv_hasARecordForEachQuery() {
    #expect(ResultText.csv(result()) == """
        id,image,sha256,label,confidence,unknown,margin,nearest,similarity,error,message\r
        "a,b",a.jpg,ff,cat,0.912,false,1.5,support/1.jpg,0.875,,\r
        q2,b.jpg,fe,dog,0.4,true,1.5,support/1.jpg,0.875,,\r
        evil\u{1B}[2J,c.jpg,,,,,,,,image.empty,the file is empty\r

        """)
}

@Test func table_tellsAnswersDoubtsAndFailures_withNothingATerminalObeys() {
    let text = ResultText.table(result(), colour: false)
    #expect(text.contains("\na,b            cat"))
    #expect(text.contains("unknown (dog?)"))
    #expect(text.contains("image.empty: the file is empty"))
    #expect(text.contains("3 queries: 1 answered, 1 unknown, 1 failed"))
    #expect(text.contains("accuracy: 100.0 % (1 of 1 as expected)"))
    #expect(text.contains("look again: s\\u{1B}.jpg is under cat and looks like dog (90.0 %)"))
    #expect(!text.unicodeScalars.contains("\u{1B}"))
}
