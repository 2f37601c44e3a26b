// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLSpool
import LCLWorker
import TestPictures

extension FuzzTarget {
    /// Inputs to begin with.
    package func seeds() throws -> [[UInt8]] {
        switch self {
        case .jpeg: Self.jpegs()
        case .png: Self.pngs()
        case .exif: (1...8).flatMap { turn in [false, true].map { Self.tiff(orientation: turn, bigEndian: $0) } }
        case .gguf: ModelRecipe.all.map { $0.encoded() } + [LooseGGUF().encoded()]
        case .model: (0..<24).map { seed in (0..<(4 + seed * 2)).map { UInt8(truncatingIfNeeded: (seed + 1) * (31 * $0 + 7)) } }
        case .text: ["a cat's", "  two  spaces\n\n", "123 45,6 é e\u{301} 😀 \u{2581}x", "<s><0x0A></s>"].flatMap { text in (0..<5).map { [$0] + Array(text.utf8) } }
        case .manifest: Self.manifests.map { Array($0.utf8) }
        case .layout: Self.layouts.map { Array($0.utf8) }
        case .worker: (0..<24).map { seed in (0..<(8 + seed * 8)).map { UInt8(truncatingIfNeeded: (seed + 3) * (17 * $0 + 11)) } }
        case .records: try Self.records().map { Array($0) }
        }
    }

    private static func jpegs() -> [[UInt8]] {
        Canvas.JPEGOptions.Colour.allCases.flatMap { colour in
            [16, 33, 160].flatMap { side in
                [false, true].map { progressive in
                    var options = Canvas.JPEGOptions()
                    options.colour = colour
                    options.progressive = progressive
                    options.fullChroma = side == 33
                    options.quality = 40
                    options.orientation = progressive ? 6 : nil
                    return TestPictures.picture(class: 2, instance: side, side: side).jpeg(options)
                }
            }
        }
    }

    private static func pngs() -> [[UInt8]] {
        Canvas.PNGOptions.Colour.allCases.flatMap { colour in
            [7, 24].flatMap { side in
                [false, true].flatMap { interlaced in
                    [false, true].map { wide in
                        var options = Canvas.PNGOptions()
                        options.colour = colour
                        options.interlaced = interlaced
                        options.sixteenBit = wide
                        options.orientation = interlaced ? 5 : nil
                        return TestPictures.picture(class: 2, instance: side, side: side).png(options)
                    }
                }
            }
        }
    }

    /// TIFF 6.0: a header, and a directory of one entry.
    private static func tiff(orientation: Int, bigEndian: Bool) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            return bigEndian ? bytes.reversed() : bytes
        }
        let entry = number(0x0112, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) + number(0, 2)
        return Array((bigEndian ? "MM" : "II").utf8) + number(42, 2) + number(8, 4) + number(1, 2) + entry + number(0, 4)
    }

    private static let manifests = [
        """
        {"schema": "lcl/job/1", "name": "x", "model": "default", "method": "metric", "labels": [{"name": "a", "support": ["support/p1.jpg"]},
         {"name": "b", "support": ["/data/n1.jpg"]}], "queries": [{"id": "q1", "image": "queries/a.jpg", "expected": "a"}, "queries/b.jpg"],
         "options": {"priority": -5, "unknown": 0.5, "top": 2, "seed": 1, "transductive": true, "expires": "24h"}}
        """,
        """
        {"schema":"lcl/job/1","labels":[{"name":"a","support":["a"]},{"name":"b","support":["b"]}],"queries":"q/*.jpg","options":{"unknown":"off","expires":90}}
        """,
        """
        {"schema":"lcl/job/1","labels":[{"name":"a","support":["/a"]},{"name":"\\u00e9","support":["/b"]}],"queries":["/q/[a-z]?"],"options":{"unknown":"auto"}}
        """,
        "[[[[{\"a\": \"\\ud83d\\ude00\"}]]], 1e308, -0.0, null]",
    ]

    private static let layouts = [
        "queries\nsupport/a/1.jpg\nsupport/b/1.jpg\nqueries/1.jpg\nqueries/2.jpg\n.hidden/x",
        "q/**/[!a-c]?*.jpg\nsupport/\u{e9}/1.jpg\nsupport/e\u{301}/1.jpg\nq/x/y/d1.jpg\nq/d.jpg\nqueries/\u{e9}\nqueries/e\u{301}",
        "support/*\nsupport/a/1\nsupport/b/1\nsupport/c\nqueries/x",
    ]

    private static func records() throws -> [Data] {
        let failure = Failure(.imageCorrupt, "x", subject: "a")
        let answer = Answer(
            label: "a", confidence: 0.5, unknown: false, margin: 0.1, scores: [.init(label: "a", logit: 1, probability: 0.5)],
            nearest: [.init(image: "s", label: "a", similarity: 0.5)])
        let verdicts = [Result<Answer, Failure>.success(answer), .failure(failure)].map { Verdict(id: "q", image: "q", sha256: nil, outcome: $0) }
        let report = SupportReport(
            images: 2, leaveOneOutAccuracy: 1, suspects: [.init(image: "s", label: "a", looksLike: "b", confidence: 1)],
            skipped: [.init(image: "s", label: "a", error: failure)])
        let linked = Linked(support: report, model: .init(name: "default", sha256: "0"), method: .metric)
        let replies: [WorkerReply] = [
            .ready(engine: "x", confinement: Confinement()), .linked(linked), .began(ordinals: [0, 1]), .verdicts(verdicts.enumerated().map { .init(ordinal: $0, value: $1) }), .finished,
            .failed(failure),
        ]
        let result = JobResult(
            job: "a", name: nil, engine: "x", model: linked.model, method: .metric, seed: 1, transductive: false, labels: ["a", "b"], support: report,
            queries: verdicts, expected: ["a", nil])
        return try replies.map { try CanonicalJSON.encode($0) } + [
            try CanonicalJSON.encode(result), try CanonicalJSON.encode(ErrorReport(job: JobID(slug: "a"), state: .failed, problems: [failure])),
            Data(#"{"submitter":1,"accepted":2,"entry":"a","unreadable":{"q":{"code":"image.corrupt","message":"x"}}}"#.utf8),
            Data(
                #"{"jobs":[{"id":"a","state":"done","uid":1,"priority":0,"created":"2026-01-01T00:00:00Z","queries":2,"answered":2,"failed":0}],"next":"x"}"#
                    .utf8),
            Data(
                #"{"version":"1","pid":1,"started":"2026-01-01T00:00:00Z","mode":"running","workers":[{"pid":2,"state":"busy","job":"a"}],"jobs":{"done":1},"answered":1,"rate":0.5,"models":["default"],"spool":"/x","free":1}"#
                    .utf8),
            Data(#"{"entries":[{"at":"2026-01-01T00:00:00Z","job":"a","event":"x","actor":"y"}]}"#.utf8),
            Data(#"{"job":"a","uid":1,"state":"running","queries":2,"answered":1,"failed":0}"#.utf8),
        ]
    }
}
