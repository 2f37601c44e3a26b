// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink

/// One question of the paper's benchmarks (Tai et al., arXiv 2308.07891): a picture, examples of the class it may be and of
/// the one it may be instead, most useful first.
public struct PaperEpisode: Equatable, Sendable {
    /// What each label is called: the positive, the negative.
    public var names: [String]
    /// Paths of each label's pictures.
    public var supports: [[String]]
    public var query: String
    /// The right label: 0 or 1.
    public var label: Int

    public init(names: [String], supports: [[String]], query: String, label: Int) {
        self.names = names
        self.supports = supports
        self.query = query
        self.label = label
    }
}

/// Reads the paper's own files: one JSON object a line, paths from a folder of pictures.
public enum PaperFile {
    /// Most bytes of a file.
    static let largest = 256 << 20

    /// The questions of an ISEKAI file: `image_name`, `positive_list`, `negative_list`, `positive_promt`, `negative_promt`,
    /// `label_name` (so spelt).
    /// - Throws: ``TrainingError/unreadable(path:reason:)``, ``TrainingError/list(path:line:reason:)``.
    public static func isekai(_ path: String, images: String) throws(TrainingError) -> [PaperEpisode] {
        try read(path, as: Question.self).map { line, question throws(TrainingError) in
            let names = [question.positive_promt, question.negative_promt]
            guard let label = names.firstIndex(of: question.label_name), names[0] != names[1] else {
                throw .list(path: path, line: line, reason: "label_name is not one of two different labels")
            }
            let supports = [question.positive_list, question.negative_list].map { $0.map { "\(images)/\($0)" } }
            return PaperEpisode(names: names, supports: supports, query: "\(images)/\(question.image_name)", label: label)
        }
    }

    /// Questions from a file of classes (`*_pairs.jsonl`): `class_name`, `samples`, and `neighbors`, each a number, a class and a
    /// picture, most similar class first. Each class is asked `queries` times: against a neighbour drawn by its rank, a query from
    /// either, all their other pictures as supports in random order.
    /// - Throws: ``TrainingError/unreadable(path:reason:)``, ``TrainingError/list(path:line:reason:)``.
    public static func pairs(_ path: String, images: String, queries: Int, seed: UInt64) throws(TrainingError) -> [PaperEpisode] {
        let classes = try read(path, as: PaperClass.self)
        let samples = Dictionary(classes.map { ($0.value.class_name, $0.value.samples) }) { first, _ in first }
        var episodes: [PaperEpisode] = []
        for (line, group) in classes {
            let neighbours = group.neighbours(samples)
            guard group.samples.count >= 2, !neighbours.isEmpty else {
                throw .list(path: path, line: line, reason: "'\(group.class_name)' has fewer than two samples, or no neighbor with two pictures")
            }
            let rank = NeighbourRank.distribution(neighbours: neighbours.count)
            for number in 0..<queries {
                var random = SeededRandom(seed: seed, line, number)
                let negative = neighbours[rank.draw(&random)], label = random.below(2)
                var supports = [group.samples, negative.samples].map { random.sample($0.count, of: $0).map { "\(images)/\($0)" } }
                let query = supports[label].removeLast()
                episodes.append(
                    PaperEpisode(names: [group.class_name, negative.name], supports: supports, query: query, label: label))
            }
        }
        return episodes
    }

    /// The values of all lines that are not empty, with their numbers.
    private static func read<T: Decodable>(_ path: String, as type: T.Type) throws(TrainingError) -> [(line: Int, value: T)] {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
        guard data.count <= largest else { throw .unreadable(path: path, reason: "it has more than 256 MiB") }
        var values: [(Int, T)] = []
        for (index, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { $0 > 32 }) else { continue }
            do {
                values.append((index + 1, try JSONDecoder().decode(type, from: line)))
            } catch {
                throw .list(path: path, line: index + 1, reason: "it is not one of the paper's JSON objects: \(error)")
            }
        }
        guard !values.isEmpty else { throw .list(path: path, line: 1, reason: "it is empty") }
        return values
    }

    private struct Question: Decodable {
        let image_name: String
        let positive_list: [String]
        let negative_list: [String]
        let positive_promt: String
        let negative_promt: String
        let label_name: String
    }

    private struct PaperClass: Decodable {
        let class_name: String
        let samples: [String]
        let neighbors: [Neighbour]

        /// In order of rank, each once; a class that the file does not list itself has the pictures that its mentions give.
        func neighbours(_ samples: [String: [String]]) -> [(name: String, samples: [String])] {
            var order: [String] = [], mentioned: [String: [String]] = [:]
            for neighbour in neighbors where neighbour.name != class_name {
                if mentioned[neighbour.name] == nil { order.append(neighbour.name) }
                mentioned[neighbour.name, default: []].append(neighbour.sample)
            }
            return order.map { ($0, samples[$0] ?? mentioned[$0]!) }.filter { $0.1.count >= 2 }
        }
    }

    /// `[number, class, picture]`.
    private struct Neighbour: Decodable {
        let name: String
        let sample: String

        init(from decoder: any Decoder) throws {
            var fields = try decoder.unkeyedContainer()
            if (try? fields.decode(Int.self)) == nil { _ = try fields.decode(String.self) }
            name = try fields.decode(String.self)
            sample = try fields.decode(String.self)
        }
    }
}
