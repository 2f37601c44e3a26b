// SPDX-License-Identifier: Apache-2.0
import LCLJob
import LCLLink

extension Answer {
    /// What the link model says in numbers, said in the names of the job.
    init(_ answer: LinkAnswer, of job: JobRunner.LinkedJob) {
        let labels = job.manifest.labels
        // Best first; equals in the order of the manifest, as `sort` alone would not promise.
        let order = labels.indices.sorted { (answer.logits[$1], $0) < (answer.logits[$0], $1) }
        let scores = order.prefix(job.manifest.options.top ?? labels.count).map {
            Score(label: labels[$0].name, logit: answer.logits[$0], probability: answer.probabilities[$0])
        }
        let nearest = answer.nearest.map {
            let support = job.used[$0.support]
            return Neighbour(image: support.image, label: labels[support.label].name, similarity: $0.similarity)
        }
        self.init(
            label: labels[answer.label].name, confidence: answer.probabilities[answer.label], unknown: answer.unknown,
            margin: answer.margin, scores: scores, nearest: nearest, orderSensitivity: answer.orderSensitivity)
    }
}

extension UnknownRule {
    init(_ option: Manifest.Unknown) {
        switch option {
        case .auto: self = .auto
        case .off: self = .off
        case .below(let threshold): self = .below(threshold)
        }
    }
}

extension LinkOptions {
    init(_ options: Manifest.Options) {
        self.init()
        unknown = UnknownRule(options.unknown)
        seed = options.seed
        orders = options.orders
    }
}

extension Manifest.Method {
    /// This method, or the model's best where it is left to the model.
    func resolved(by model: any LoadedModel) -> Manifest.Method {
        self == .link ? Manifest.Method(rawValue: model.methods[0])! : self
    }
}

extension ConversationReport {
    init(_ summary: ConversationSummary) {
        self.init(positions: summary.positions, orders: summary.orders, template: summary.template)
    }
}

extension Failure {
    /// Runs `body`, and says in a job's terms what trying again would not mend.
    static func told<T>(of model: String, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as LinkError {
            switch error {
            case .tooLarge(let reason): throw Failure(.supportTooLarge, reason, subject: "$.labels")
            case .labels(let reason): throw Failure(.supportConflict, reason, subject: "$.labels")
            case .damaged(let reason): throw damaged(model, reason)
            default: throw Failure(.methodUnsupported, "\(error)", subject: "$.method")
            }
        }
    }

    static func noRoom(for image: String) -> Failure {
        Failure(
            .imageTooLarge, "'\(image)' takes more positions of the language model than the support set leaves; use fewer supports, or a smaller picture",
            subject: image)
    }

    static func conflict(_ a: String, _ labelOfA: String, _ b: String, _ labelOfB: String) -> Failure {
        Failure(
            .supportConflict,
            "'\(b)' under '\(labelOfB)' and '\(a)' under '\(labelOfA)' are the same picture: one picture shows one label; remove one of them",
            subject: a)
    }

    /// What it computes is no number.
    static func damaged(_ model: String, _ why: String) -> Failure {
        Failure(.modelDamaged, "model '\(model)' cannot be used: \(why); install it again", subject: "$.model")
    }

    static func duplicate(_ image: String, _ first: String) -> Failure {
        Failure(.supportDuplicate, "'\(image)' is the same picture as '\(first)', of the same label: it counts once", subject: image)
    }

    static func empty(_ label: String, _ why: Failure?) -> Failure {
        Failure(
            .supportEmpty, "label '\(label)' has no usable support picture" + (why.map { "; the first: \($0.message)" } ?? ""), subject: label)
    }
}
