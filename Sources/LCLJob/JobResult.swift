// SPDX-License-Identifier: Apache-2.0

/// What a job is answered with: `lcl/result/1`. It holds nothing that depends on when, where or how often the job ran:
/// the same input and model give the same bytes. Times stand beside it, in `timings.json`.
public struct JobResult: Codable, Equatable, Sendable {
    public static let schemaName = "lcl/result/1"

    public var schema = JobResult.schemaName
    public var job: String
    public var name: String?
    /// The version of lcl that answered.
    public var engine: String
    public var model: ModelIdentity
    public var method: Manifest.Method
    public var seed: UInt64
    public var transductive: Bool
    public var labels: [String]
    public var counts: Counts
    /// Only where some queries named the expected label.
    public var evaluation: Evaluation?
    public var support: SupportReport
    /// Only where a language model read the supports as a conversation.
    public var conversation: ConversationReport?
    public var queries: [Verdict]

    public init(
        job: String, name: String?, engine: String, model: ModelIdentity, method: Manifest.Method, seed: UInt64,
        transductive: Bool, labels: [String], support: SupportReport, conversation: ConversationReport? = nil, queries: [Verdict],
        expected: [String?]
    ) {
        self.job = job
        self.name = name
        self.engine = engine
        self.model = model
        self.method = method
        self.seed = seed
        self.transductive = transductive
        self.labels = labels
        self.counts = Counts(queries)
        self.evaluation = Evaluation(queries, expected: expected, labels: labels)
        self.support = support
        self.conversation = conversation?.measured(by: queries)
        self.queries = queries
    }

    public struct ModelIdentity: Codable, Hashable, Sendable {
        public var name: String
        /// SHA-256 of the model's files, in hexadecimal.
        public var sha256: String

        public init(name: String, sha256: String) {
            self.name = name
            self.sha256 = sha256
        }
    }

    public struct Counts: Codable, Hashable, Sendable {
        public var queries: Int
        public var answered: Int
        public var unknown: Int
        public var failed: Int

        public init(_ verdicts: [Verdict]) {
            queries = verdicts.count
            failed = verdicts.count { $0.error != nil }
            unknown = verdicts.count { $0.answer?.unknown == true }
            answered = queries - failed - unknown
        }
    }

    /// How the answers compare with what the submitter expected; failed queries count as wrong.
    public struct Evaluation: Codable, Hashable, Sendable {
        public var expected: Int
        public var correct: Int
        /// `correct / expected`, 0 to 1.
        public var accuracy: Double
        /// Expected label, then answered label (`?` for unknown, `!` for failed), then how often.
        public var confusion: [String: [String: Int]]

        init?(_ verdicts: [Verdict], expected: [String?], labels: [String]) {
            precondition(verdicts.count == expected.count, "one expectation per verdict")
            var confusion: [String: [String: Int]] = [:], total = 0, correct = 0
            for (verdict, truth) in zip(verdicts, expected) {
                guard let truth else { continue }
                let said = verdict.answer.map { $0.unknown ? "?" : $0.label } ?? "!"
                confusion[truth, default: [:]][said, default: 0] += 1
                total += 1
                // An expectation that is no label of the job ("something else") is met by `unknown`.
                if said == truth || (said == "?" && !labels.contains(truth)) { correct += 1 }
            }
            guard total > 0 else { return nil }
            self.expected = total
            self.correct = correct
            accuracy = (Double(correct) / Double(total)).published
            self.confusion = confusion
        }
    }
}

/// The answer to one query, or why there is none.
public struct Verdict: Codable, Equatable, Sendable {
    public var id: String
    public var image: String
    /// SHA-256 of the picture's bytes, in hexadecimal; `nil` where they could not be read.
    public var sha256: String?
    public var answer: Answer?
    public var error: Failure?

    /// Of a picture of a training: it has no answer, and an error only where it cannot be used.
    public init(id: String, image: String, sha256: String?, error: Failure? = nil) {
        self.id = id
        self.image = image
        self.sha256 = sha256
        self.error = error
    }

    public init(id: String, image: String, sha256: String?, outcome: Result<Answer, Failure>) {
        self.id = id
        self.image = image
        self.sha256 = sha256
        switch outcome {
        case .success(let answer): self.answer = answer
        case .failure(let failure): self.error = failure
        }
    }
}

public struct Answer: Codable, Equatable, Sendable {
    /// The best label, also where ``unknown`` says that it is not to be trusted.
    public var label: String
    /// Calibrated probability of ``label``, 0 to 1.
    public var confidence: Double
    /// The query looks like none of the labels.
    public var unknown: Bool
    /// Best logit minus second best.
    public var margin: Double
    /// Best first; cut to `options.top`.
    public var scores: [Score]
    /// The supports most like the query, best first: the evidence.
    public var nearest: [Neighbour]
    /// Share of the support set's orders that answer otherwise, 0 to 1; only where a language model read it in several.
    public var orderSensitivity: Double?

    public init(
        label: String, confidence: Double, unknown: Bool, margin: Double, scores: [Score], nearest: [Neighbour], orderSensitivity: Double? = nil
    ) {
        self.label = label
        self.confidence = confidence.published
        self.unknown = unknown
        self.margin = margin.published
        self.scores = scores
        self.nearest = nearest
        self.orderSensitivity = orderSensitivity?.published
    }

    public struct Score: Codable, Equatable, Sendable {
        public var label: String
        /// The method's own score, before calibration.
        public var logit: Double
        /// Calibrated, summing to 1 over all labels of the job.
        public var probability: Double

        public init(label: String, logit: Double, probability: Double) {
            self.label = label
            self.logit = logit.published
            self.probability = probability.published
        }
    }

    public struct Neighbour: Codable, Equatable, Sendable {
        public var image: String
        public var label: String
        /// Cosine in the method's space, -1 to 1.
        public var similarity: Double

        public init(image: String, label: String, similarity: Double) {
            self.image = image
            self.label = label
            self.similarity = similarity.published
        }
    }
}

/// What the support set says of itself.
public struct SupportReport: Codable, Equatable, Sendable {
    /// Supports in the order of the manifest.
    public var images: Int
    /// Share of supports that the others classify rightly, 0 to 1; `nil` where a label has one support only.
    public var leaveOneOutAccuracy: Double?
    /// Whether the answers' confidence can be taken as a probability, or only as a rank; `nil` where nothing tells.
    public var confidenceTrusted: Bool?
    /// Supports that the others would give another label, clearly.
    public var suspects: [Suspect]
    /// Supports that could not be used, with the reason; a label needs one usable support.
    public var skipped: [Skipped]

    public init(images: Int, leaveOneOutAccuracy: Double?, confidenceTrusted: Bool? = nil, suspects: [Suspect], skipped: [Skipped]) {
        self.images = images
        self.leaveOneOutAccuracy = leaveOneOutAccuracy?.published
        self.confidenceTrusted = confidenceTrusted
        self.suspects = suspects
        self.skipped = skipped
    }

    public struct Suspect: Codable, Equatable, Sendable {
        public var image: String
        public var label: String
        /// What the other supports say it is.
        public var looksLike: String
        public var confidence: Double

        public init(image: String, label: String, looksLike: String, confidence: Double) {
            self.image = image
            self.label = label
            self.looksLike = looksLike
            self.confidence = confidence.published
        }
    }

    public struct Skipped: Codable, Equatable, Sendable {
        public var image: String
        public var label: String
        public var error: Failure

        public init(image: String, label: String, error: Failure) {
            self.image = image
            self.label = label
            self.error = error
        }
    }
}

extension Double {
    /// Six decimals: what a result publishes, beyond which single precision says nothing.
    var published: Double { (self * 1e6).rounded() / 1e6 }
}
