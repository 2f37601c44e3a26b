// SPDX-License-Identifier: Apache-2.0

/// Lessons laid out for one pass: every picture once, prototypes and questions by its slot in ``rows``.
package struct MetricBatch {
    /// One query against the classes of its episode.
    package struct Question {
        package let slot: Int
        /// Numbers of ``prototypes``.
        package let candidates: Range<Int>
        /// Among the candidates, from 0.
        package let truth: Int
    }

    /// Rows of the table, each once.
    package private(set) var rows: [Int] = []
    /// The supports of each class of each episode.
    package private(set) var prototypes: [[Int]] = []
    package private(set) var questions: [Question] = []
    /// The original task: a picture's slot and the number of its class.
    package private(set) var pictures: [(slot: Int, label: Int)] = []

    package init(_ lessons: [Lesson]) {
        var slots: [Int: Int] = [:]
        for lesson in lessons {
            switch lesson {
            case .original(let examples): pictures += examples.map { (slot(of: $0.row, &slots), $0.label) }
            case .link(let episode): add(episode, &slots)
            }
        }
    }

    /// What is asked in all.
    package var count: Int { questions.count + pictures.count }

    private mutating func add(_ episode: LinkEpisode, _ slots: inout [Int: Int]) {
        let candidates = prototypes.count..<prototypes.count + episode.labels.count
        for rows in episode.supportRows { prototypes.append(rows.map { slot(of: $0, &slots) }) }
        for query in episode.queries {
            questions.append(Question(slot: slot(of: query.row, &slots), candidates: candidates, truth: query.label))
        }
    }

    private mutating func slot(of row: Int, _ slots: inout [Int: Int]) -> Int {
        if let slot = slots[row] { return slot }
        slots[row] = rows.count
        rows.append(row)
        return rows.count - 1
    }
}
