// SPDX-License-Identifier: Apache-2.0

/// What a job asks for: `lcl/job/1`. Paths are relative to the job's directory and stay inside it.
public struct Manifest: Hashable, Sendable {
    public static let schemaName = "lcl/job/1"
    public static let maximumOrders = 64
    public static let fileName = "job.json"

    public var name: String?
    public var model: String
    public var method: Method
    /// At least two, each with at least one support.
    public var labels: [Label]
    /// A folder whose folders are the labels, until intake has listed them; in a training alone.
    public var archive: String?
    /// Where the job is to make a model: it then has no queries.
    public var training: Training?
    public var queries: Queries
    public var options: Options

    public init(
        name: String? = nil, model: String = "default", method: Method = .link, labels: [Label], queries: Queries,
        options: Options = Options(), training: Training? = nil, archive: String? = nil
    ) {
        self.name = name
        self.model = model
        self.method = method
        self.labels = labels
        self.queries = queries
        self.options = options
        self.training = training
        self.archive = archive
    }

    /// A candidate answer and the pictures that show it.
    public struct Label: Hashable, Sendable {
        public var name: String
        /// Paths of this label's supports: its shots.
        public var support: [String]
        /// A folder or glob of supports, until intake has listed them; in a training alone.
        public var pattern: String?

        public init(name: String, support: [String], pattern: String? = nil) {
            self.name = name
            self.support = support
            self.pattern = pattern
        }
    }

    public struct Query: Codable, Hashable, Sendable {
        public var id: String
        public var image: String
        /// The right label where the submitter knows it: the result then has accuracy and a confusion table.
        public var expected: String?

        public init(id: String, image: String, expected: String? = nil) {
            self.id = id
            self.image = image
            self.expected = expected
        }
    }

    public enum Queries: Hashable, Sendable {
        case list([Query])
        /// A folder, or a glob such as `queries/*.jpg`, that intake expands against the job's directory.
        case pattern(String)
    }

    public enum Method: String, Codable, Sendable, CaseIterable {
        /// The model's own best link method.
        case link
        /// Nearest class mean on the encoder's features.
        case prototype
        /// The same in the learned space.
        case metric
        /// The paper's multimodal language model.
        case mllm
    }

    public struct Options: Hashable, Sendable {
        /// -100 to 100; higher runs first.
        public var priority = 0
        public var unknown = Unknown.auto
        /// How many of the best labels each answer lists; `nil` is all.
        public var top: Int?
        public var seed: UInt64 = 1
        /// Orders of the support set whose scores `mllm` averages, which the seed draws; `nil` is as many as the model's card says.
        public var orders: Int?
        /// Let the unlabelled queries of the job sharpen the prototypes.
        public var transductive = false
        /// How long after intake the job may wait, in seconds; `nil` is for ever.
        public var expires: Int?

        public init() {}
    }

    /// When an answer is `unknown` rather than the best of the labels.
    public enum Unknown: Hashable, Sendable {
        /// By the support set's own leave-one-out scores.
        case auto
        /// Never.
        case off
        /// Where the calibrated confidence is below this (0 to 1).
        case below(Double)
    }
}
