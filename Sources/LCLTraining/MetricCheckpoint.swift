// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

/// Where a training stands after an epoch: all that its next epoch depends on, exactly.
package struct MetricCheckpoint: Equatable {
    package typealias Stage = TrainingProgress.Stage

    package var stage: Stage
    /// Epochs done in this stage.
    package var epoch: Int
    package var curve: LearningCurve
    package var tensors: [Matrix]
    package var optimizer: AdamW

    static let architecture = "lcl-checkpoint"

    package func encoded() -> [UInt8] {
        var writer = GGUFWriter(architecture: Self.architecture)
        writer.set(Key.stage, .string(stage.rawValue))
        writer.set(Key.epoch, .uint32(UInt32(epoch)))
        writer.set(Key.step, .uint32(UInt32(optimizer.step)))
        writer.set(Key.count, .uint32(UInt32(tensors.count)))
        writer.add(tensor: Key.curve, curve.matrix, as: .f32)
        for index in tensors.indices {
            writer.add(tensor: "\(index).value", tensors[index], as: .f32)
            writer.add(tensor: "\(index).first", optimizer.first[index], as: .f32)
            writer.add(tensor: "\(index).second", optimizer.second[index], as: .f32)
        }
        return writer.encoded()
    }

    /// - Throws: `ModelError` where the file is no good GGUF; ``TrainingError/checkpoint(reason:)``.
    package init(path: String) throws {
        try self.init(GGUFFile(path: path))
    }

    init(_ file: GGUFFile) throws {
        guard try file.string("general.architecture") == Self.architecture, let stage = Stage(rawValue: try file.string(Key.stage)),
            let curve = LearningCurve(matrix: try file.matrix(tensor: Key.curve)), (1...1000).contains(try file.integer(Key.count))
        else { throw TrainingError.checkpoint(reason: "'\(file.path)' is no checkpoint of a metric; remove it to begin anew") }
        let names = 0..<(try file.integer(Key.count))
        self.stage = stage
        self.curve = curve
        epoch = try file.integer(Key.epoch)
        tensors = try names.map { try file.matrix(tensor: "\($0).value") }
        optimizer = AdamW(tensors)
        optimizer.first = try names.map { try file.matrix(tensor: "\($0).first") }
        optimizer.second = try names.map { try file.matrix(tensor: "\($0).second") }
        optimizer.step = try file.integer(Key.step)
    }

    package init(stage: Stage, epoch: Int, curve: LearningCurve, tensors: [Matrix], optimizer: AdamW) {
        (self.stage, self.epoch, self.curve, self.tensors, self.optimizer) = (stage, epoch, curve, tensors, optimizer)
    }

    private enum Key {
        static let stage = "lcl-checkpoint.stage"
        static let epoch = "lcl-checkpoint.epoch"
        static let step = "lcl-checkpoint.step"
        static let count = "lcl-checkpoint.tensors"
        static let curve = "curve"
    }
}

/// The checkpoint of one training in a journal: its name is the digest of everything that determines the result.
package struct CheckpointStore {
    private let journal: any TrainingJournal
    private let name: String

    package init(journal: any TrainingJournal, settings: String, table: FeatureTable, classes: [FeatureTable.Class]) {
        self.init(journal: journal, name: TrainingKey.digest(settings, table, classes))
    }

    private init(journal: any TrainingJournal, name: String) {
        self.journal = journal
        self.name = name
    }

    /// Where the best state is kept beside the latest.
    package var ofBest: CheckpointStore { CheckpointStore(journal: journal, name: name + "-best") }

    /// `nil` where there is none yet.
    package func load() throws -> MetricCheckpoint? {
        try journal.load(file).map { try MetricCheckpoint(GGUFFile(copying: $0, path: file)) }
    }

    package func save(_ checkpoint: MetricCheckpoint) throws { try journal.save(checkpoint.encoded(), as: file) }

    private var file: String { name + ".gguf" }
}
