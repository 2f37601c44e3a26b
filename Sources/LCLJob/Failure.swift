// SPDX-License-Identifier: Apache-2.0

/// Why a picture or a job could not be answered: a stable code for programs, and a sentence for people that says what,
/// on which file, why, and what to do about it.
public struct Failure: Error, Codable, Hashable, Sendable, CustomStringConvertible {
    public let code: Code
    public let message: String
    /// The file or JSON path it is about, as the submitter wrote it.
    public let subject: String?

    public init(_ code: Code, _ message: String, subject: String? = nil) {
        self.code = code
        self.message = message
        self.subject = subject
    }

    public var description: String { "\(code.rawValue): \(message)" }

    /// The codes of this version. They are never renamed; a reader meets unknown ones with the text before the dot.
    public enum Code: String, Codable, Sendable, CaseIterable {
        // One picture. Never fails its job: a query is answered with it, a support is left out and reported.
        case imageMissing = "image.missing"
        case imageUnreadable = "image.unreadable"
        case imageOutside = "image.outside"
        case imageNotAFile = "image.not_a_file"
        case imageEmpty = "image.empty"
        case imageUnsupported = "image.unsupported"
        case imageTruncated = "image.truncated"
        case imageCorrupt = "image.corrupt"
        case imageTooLarge = "image.too_large"
        /// The worker died while it was looking at this picture, more than once.
        case imageCrashed = "image.crashed"

        // The manifest.
        case manifestMissing = "manifest.missing"
        case manifestTooLarge = "manifest.too_large"
        case manifestJSON = "manifest.json"
        case manifestSchema = "manifest.schema"
        case manifestField = "manifest.field"
        case manifestPath = "manifest.path"
        case manifestDuplicate = "manifest.duplicate"

        // What the manifest asks for.
        case supportFewLabels = "support.few_labels"
        case supportEmpty = "support.empty"
        /// One picture under two labels, or two labels that are one to the language model.
        case supportConflict = "support.conflict"
        /// The same picture a second time under one label: it counts once.
        case supportDuplicate = "support.duplicate"
        /// More than the language model has positions for, or a worker memory.
        case supportTooLarge = "support.too_large"
        case queriesEmpty = "queries.empty"
        case modelUnknown = "model.unknown"
        /// A file of it is not what its card says, or its scores are no numbers: whoever keeps the models mends it, and the job can be retried.
        case modelDamaged = "model.damaged"
        case methodUnsupported = "method.unsupported"

        // A training.
        /// Fewer labels or pictures than learning needs.
        case trainingTooFew = "training.too_few"
        /// The name is another user's model, or one that nobody trained.
        case trainingTaken = "training.taken"
        case trainingStrategy = "training.strategy"
        /// A training answers nothing.
        case trainingQueries = "training.queries"
        /// Only administrators may.
        case trainingNotAllowed = "training.not_allowed"

        // The job as a whole.
        case jobUnreadable = "job.unreadable"
        case jobTooLarge = "job.too_large"
        case jobExpired = "job.expired"
        case jobCancelled = "job.cancelled"
        case jobAttempts = "job.attempts_exhausted"
        case quotaExceeded = "quota.exceeded"
        case diskFull = "disk.full"
        case `internal` = "internal"
    }
}
