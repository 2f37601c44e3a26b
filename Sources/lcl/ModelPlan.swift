// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LCLLink
import LCLModel
import LCLTensor

extension ModelCommand {
    struct Plan: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Memory that a language model takes for a job, computed before anything runs.",
            discussion: """
                Of a model on this machine, or of a published shape: \(PublishedShape.all.map(\.name).joined(separator: ", ")). Weights are \
                mapped and shared by all processes; the rest is each worker's own.
                """)

        @Argument(help: "A model's name, or a published shape.")
        var subject: String

        @Option(help: "Labels.")
        var labels = 2

        @Option(help: "Supports of each label.")
        var shots = 16

        @Option(help: ArgumentHelp("Bits of a weight, where only the shape is known.", valueName: "bits"))
        var bits = 4.5

        @OptionGroup var search: ModelSearch

        func validate() throws {
            guard (2...1000).contains(labels), (1...100_000).contains(shots), bits > 0, bits <= 32 else {
                throw ValidationError("labels and shots must be positive and within reason, bits at most 32")
            }
        }

        func run() throws {
            if let published = PublishedShape.all.first(where: { $0.name == subject }) {
                let weights = Int(Double(published.parameters) * bits / 8), note = "\(published.parameters) weights of \(bits) bits, without the vision model"
                return try report(
                    published.shape, weights: weights, note: note, positions: labels * shots * (published.positions + Self.text),
                    each: published.positions, rows: published.positions + Self.text + labels * Self.label, context: published.context)
            }
            let directory = try ModelDirectory.find(subject, in: search.path)
            guard let model = try ModelLoader.load(directory, memory: .max) as? ConversationModel else {
                throw ValidationError("'\(subject)' is no language model: its memory does not depend on the job")
            }
            let names = (0..<labels).map { "label \($0)" }
            let (positions, each, rows) = try model.positions(names, shots: shots)
            try report(
                MemoryPlan.Shape(model.link.model.configuration), weights: try directory.byteCount(), note: "files, vision model included", positions: positions,
                each: each, rows: rows, context: model.link.model.context)
        }

        /// Tokens around a picture, about, and those of a label.
        private static let text = 24, label = 4

        /// - Parameters:
        ///   - each: positions of a picture.
        ///   - rows: of one query.
        ///   - context: positions that the model has room for.
        private func report(_ shape: MemoryPlan.Shape, weights: Int, note: String, positions: Int, each: Int, rows: Int, context: Int) throws {
            let plan = MemoryPlan(shape, positions: positions, pictures: labels * shots * each, query: rows)
            try print("\(subject): \(labels) labels x \(shots) supports of \(each) positions a picture: \(positions) positions")
            let fitting = max(0, (context - rows) * shots / positions)
            try print("the model has room for \(context): \(fitting >= shots ? "it fits" : "IT DOES NOT FIT, about \(fitting) supports a label do")")
            for (bytes, what) in [
                (weights, "weights, mapped and shared (\(note))"), (plan.prefix, "keys and values of the support set, each order"),
                (plan.pictures, "pictures of the support set"), (plan.reading, "rows while it is read"),
                (plan.answering, "rows of a batch of queries, where those are more"), (plan.bytes(orders: 1), "in all, of a worker's own, with one order"),
            ] { try print("\(String(bytes >> 20).leftPadded(to: 8)) MiB  \(what)") }
        }
    }
}

/// Shapes as their authors publish them (`config.json` on their model pages).
private struct PublishedShape {
    let name: String
    let shape: MemoryPlan.Shape
    /// Of a picture, without splitting.
    let positions: Int
    let context: Int
    let parameters: Int

    /// - Parameter hasHead: apart from the embedding.
    private init(
        _ name: String, layers: Int, width: Int, feedForward: Int, heads: (Int, Int, Int), vocabulary: Int, hasHead: Bool = false, positions: Int, context: Int
    ) {
        let heads = AttentionHeads(queryHeads: heads.0, memoryHeads: heads.1, size: heads.2)
        self.name = name
        shape = .init(layers: layers, width: width, feedForward: feedForward, heads: heads, vocabulary: vocabulary)
        (self.positions, self.context) = (positions, context)
        parameters = shape.parameters + (hasHead ? vocabulary * width : 0)
    }

    static let all = [
        PublishedShape("smolvlm-256m", layers: 30, width: 576, feedForward: 1536, heads: (9, 3, 64), vocabulary: 49_280, positions: 67, context: 8192),
        PublishedShape("smolvlm-500m", layers: 32, width: 960, feedForward: 2560, heads: (15, 5, 64), vocabulary: 49_280, positions: 67, context: 8192),
        PublishedShape("lcl-7b", layers: 32, width: 4096, feedForward: 11_008, heads: (32, 32, 128), vocabulary: 32_003, hasHead: true, positions: 258, context: 2048),
        PublishedShape("llava-1.5-7b", layers: 32, width: 4096, feedForward: 11_008, heads: (32, 32, 128), vocabulary: 32_064, hasHead: true, positions: 576, context: 4096),
    ]
}

extension String {
    func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
