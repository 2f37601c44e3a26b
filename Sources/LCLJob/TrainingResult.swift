// SPDX-License-Identifier: Apache-2.0

/// What a training is answered with: `lcl/training/1`, published as a job's result. Like ``JobResult`` it holds nothing that depends on
/// when, where or how often the job ran.
public struct TrainingResult: Codable, Equatable, Sendable {
    public static let schemaName = "lcl/training/1"

    public var schema = TrainingResult.schemaName
    public var job: String
    public var name: String?
    /// The version of lcl that trained.
    public var engine: String
    /// Whose encoder the model has, and whose metric it is compared with.
    public var base: JobResult.ModelIdentity
    /// What was made.
    public var model: JobResult.ModelIdentity
    public var strategy: Manifest.Training.Strategy
    public var seed: UInt64
    /// Whether every user may use the model.
    public var shared: Bool
    public var counts: Counts
    /// In the order of the manifest.
    public var labels: [Label]
    /// Pictures that could not be used.
    public var skipped: [SupportReport.Skipped]
    public var validation: Validation
    /// How the epochs went; absent for `lda`, which has none.
    public var curve: Curve?

    public init(
        job: String, manifest: Manifest, engine: String, base: JobResult.ModelIdentity, model: JobResult.ModelIdentity, skipped: [SupportReport.Skipped],
        report: TrainingReport
    ) {
        guard let training = manifest.training else { preconditionFailure("a training's manifest") }
        self.job = job
        name = manifest.name
        self.engine = engine
        self.base = base
        self.model = model
        strategy = training.strategy
        seed = training.seed
        shared = training.shared
        let lost = Dictionary(grouping: skipped, by: \.label).mapValues(\.count)
        labels = manifest.labels.map { Label(name: $0.name, pictures: $0.support.count - (lost[$0.name] ?? 0)) }
        counts = Counts(labels: labels.count, pictures: manifest.work.count, used: manifest.work.count - skipped.count, failed: skipped.count)
        self.skipped = skipped
        validation = report.validation
        curve = report.curve
    }

    public struct Counts: Codable, Hashable, Sendable {
        public var labels: Int
        /// Of the manifest.
        public var pictures: Int
        public var used: Int
        public var failed: Int
    }

    public struct Label: Codable, Hashable, Sendable {
        public var name: String
        /// That were used.
        public var pictures: Int

        public init(name: String, pictures: Int) {
            self.name = name
            self.pictures = pictures
        }
    }

    /// Accuracy on labels that were held out in turn: a fifth of them each time, the space fitted on the others.
    public struct Validation: Codable, Hashable, Sendable {
        /// Episodes of 2 and 5 labels, 1 to 7 supports each, half of them among the most similar labels.
        public var episodes: Int
        /// Share of queries answered rightly by the new metric, 0 to 1.
        public var accuracy: Double
        /// The same by the base model's metric; absent where it has none.
        public var baseAccuracy: Double?
        /// The same by the encoder's plain features.
        public var plainAccuracy: Double

        public init(episodes: Int, accuracy: Double, baseAccuracy: Double?, plainAccuracy: Double) {
            self.episodes = episodes
            self.accuracy = accuracy.published
            self.baseAccuracy = baseAccuracy?.published
            self.plainAccuracy = plainAccuracy.published
        }
    }

    /// The search for the number of epochs, on part of the labels.
    public struct Curve: Codable, Hashable, Sendable {
        public var bestEpoch: Int
        public var points: [Point]

        public init(bestEpoch: Int, points: [Point]) {
            self.bestEpoch = bestEpoch
            self.points = points
        }

        public struct Point: Codable, Hashable, Sendable {
            public var epoch: Int
            /// Absent before the first epoch.
            public var loss: Double?
            public var accuracy: Double?
            public var validationLoss: Double
            public var validationAccuracy: Double

            public init(epoch: Int, loss: Double?, accuracy: Double?, validationLoss: Double, validationAccuracy: Double) {
                self.epoch = epoch
                self.loss = loss?.published
                self.accuracy = accuracy?.published
                self.validationLoss = validationLoss.published
                self.validationAccuracy = validationAccuracy.published
            }
        }
    }
}

/// What whoever trained says of it, beside the model itself.
public struct TrainingReport: Codable, Hashable, Sendable {
    public var validation: TrainingResult.Validation
    public var curve: TrainingResult.Curve?

    public init(validation: TrainingResult.Validation, curve: TrainingResult.Curve?) {
        self.validation = validation
        self.curve = curve
    }
}
