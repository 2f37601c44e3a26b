// SPDX-License-Identifier: Apache-2.0

extension Manifest {
    /// What a job is for: answers, or a model.
    public enum Task: String, Codable, Sendable, CaseIterable {
        case classify
        case train
    }

    /// What a job of the task `train` is to make: a model with the base model's encoder and a metric learned from the job's labels.
    public struct Training: Codable, Hashable, Sendable {
        /// Of the model: as safe in a path as a ``JobID``.
        public var name: String
        public var strategy: Strategy
        /// Of the strategy's first phase, at most; `nil` is the strategy's own number. `lda` has none.
        public var epochs: Int?
        public var seed: UInt64
        /// Whether every user may use the model, and not its owner alone; for administrators.
        public var shared: Bool

        public init(name: String, strategy: Strategy = .lda, epochs: Int? = nil, seed: UInt64 = 1, shared: Bool = false) {
            self.name = name
            self.strategy = strategy
            self.epochs = epochs
            self.seed = seed
            self.shared = shared
        }

        /// As `lcl train --strategy` calls them.
        public enum Strategy: String, Codable, Sendable, CaseIterable {
            /// In closed form.
            case lda
            case twoWay = "2way"
            case twoWayRandom = "2way-random"
            case twoWayWeight = "2way-weight"
            case mix

            /// Labels of at least ``fewestPictures`` that it needs: a fifth of them is held out in turn to calibrate on; of the others a
            /// gradient strategy holds a sixth out to validate on, and two make an episode.
            public var fewestLabels: Int { self == .lda ? 10 : 15 }
        }

        /// Of a label that can be validated on.
        public static let fewestPictures = 5
        public static let maximumEpochs = 1000
    }

    public var task: Task { training == nil ? .classify : .train }

    /// What workers look at, in order: the queries, or every picture of a training. An ordinal is a place in this list.
    public var work: [Query] {
        if training != nil { return labels.flatMap { $0.support.map { Query(id: $0, image: $0) } } }
        if case .list(let queries) = queries { return queries }
        return []
    }

    /// Why the answers would be too many to keep and publish, or `nil`; the queries are listed.
    package var tooManyScores: Failure? {
        let scores = training == nil ? work.count * min(options.top ?? labels.count, labels.count) : 0
        guard scores > Self.maximumScores else { return nil }
        return Failure(
            .jobTooLarge, "\(work.count) queries with \(labels.count) labels each are \(scores) scores; at most \(Self.maximumScores) are listed:"
                + " set options.top, or split the job", subject: "$.options.top")
    }

    /// Of all answers of a job together.
    private static let maximumScores = 5_000_000

    /// Why there is too little to learn from, or `nil`; the labels are listed.
    var shortage: Failure? {
        guard let training else { return nil }
        let good = labels.count { $0.support.count >= Training.fewestPictures }, needed = training.strategy.fewestLabels
        guard good < needed else { return nil }
        return .tooFewToLearn(labels: good, needed: needed, training.strategy)
    }
}

extension Failure {
    /// - Parameter labels: those of enough pictures.
    public static func tooFewToLearn(labels: Int, needed: Int, _ strategy: Manifest.Training.Strategy) -> Failure {
        Failure(
            .trainingTooFew,
            "$.labels has \(labels) labels of at least \(Manifest.Training.fewestPictures) pictures; '\(strategy.rawValue)' needs \(needed) to learn from and to validate on",
            subject: "$.labels")
    }
}

// MARK: - Labels by folder or pattern

extension Manifest {
    /// Folders and patterns that intake has yet to expand against the job's directory.
    public var patterns: [String] {
        var patterns = labels.compactMap(\.pattern) + [archive].compactMap(\.self)
        if training == nil, case .pattern(let pattern) = queries { patterns.append(pattern) }
        return patterns
    }

    /// This manifest with every folder or pattern replaced by the list of the files that it names, sorted by path.
    ///
    /// `files` as for ``fromLayout(files:)``.
    public func resolving(files: [String]) -> Result<Manifest, Problems> {
        guard Self.isQuick(patterns, files) else {
            let why = "\(patterns.count) folders and patterns over \(files.count) files are too much to look through; list the files, or split the job"
            return .failure(Problems(Failure(.jobTooLarge, why, subject: nil)))
        }
        return training == nil ? resolvingQueries(files: files) : resolvingLabels(files: files)
    }

    /// Whether looking for the patterns takes half a minute at most: each byte of one meets each byte of the paths in its folder.
    private static func isQuick(_ patterns: [String], _ files: [String]) -> Bool {
        var steps = 1_000_000_000
        for pattern in patterns {
            steps -= 8 * files.count
            if Glob.isPattern(pattern) {
                let folder = Glob.folder(of: pattern), rest = pattern.utf8.count - folder.utf8.count
                for file in files where steps >= 0 && file.hasPrefix(folder) { steps -= rest * (file.utf8.count - folder.utf8.count) }
            }
            if steps < 0 { return false }
        }
        return true
    }

    private func resolvingLabels(files: [String]) -> Result<Manifest, Problems> {
        guard !patterns.isEmpty else { return .success(self) }
        var copy = self, problems: [Failure] = []
        let files = files.filter { !ManifestPath.isIgnored($0) }.sorted()
        if let archive { copy.labels = Self.labels(in: archive, files, &problems) }
        for i in copy.labels.indices {
            guard let pattern = copy.labels[i].pattern else { continue }
            copy.labels[i].support = Self.matching(pattern, files)
            copy.labels[i].pattern = nil
            if copy.labels[i].support.isEmpty {
                problems.append(Failure(.supportEmpty, "$.labels[\(i)].support '\(pattern)' names no file; put pictures there", subject: "$.labels[\(i)].support"))
            }
        }
        guard problems.isEmpty else { return .failure(Problems(problems)) }
        copy.archive = nil
        let paths: ManifestPath.Rule = patterns.contains { $0.hasPrefix("/") } ? .absolute : .beneath
        return copy.passedThroughTheDoor(paths)
    }

    static func matching(_ pattern: String, _ files: [String]) -> [String] {
        let folder = pattern.hasSuffix("/") ? pattern : pattern + "/"
        guard Glob.isPattern(pattern) else { return files.filter { $0.hasPrefix(folder) } }
        let glob = Glob(pattern), known = Glob.folder(of: pattern), isAbsolute = pattern.hasPrefix("/")
        return files.filter { $0.hasPrefix(known) && glob.matches($0) && $0.hasPrefix("/") == isAbsolute }
    }

    /// `FOLDER/LABEL/...`: every folder in it is a label.
    private static func labels(in archive: String, _ files: [String], _ problems: inout [Failure]) -> [Label] {
        let folder = archive.hasSuffix("/") ? archive : archive + "/"
        var labels: [String: [String]] = [:]
        for file in files where file.hasPrefix(folder) {
            let parts = file.dropFirst(folder.count).split(separator: "/", omittingEmptySubsequences: false)
            if parts.count < 2 {
                problems.append(Failure(.manifestPath, "'\(file)' lies in no label's folder; move it to \(folder)LABEL/", subject: file))
            } else if let refusal = refusal(ofName: String(parts[0])) {
                problems.append(Failure(.manifestField, "the label of '\(file)' \(refusal)", subject: file))
            } else {
                labels[String(parts[0]), default: []].append(file)
            }
        }
        return labels.sorted { $0.key < $1.key }.map { Label(name: $0.key, support: $0.value) }
    }

    /// What was found passes the same door as what was written, so that it can be read again.
    private func passedThroughTheDoor(_ paths: ManifestPath.Rule) -> Result<Manifest, Problems> {
        do {
            return try Manifest.read(CanonicalJSON.encode(self), paths: paths)
        } catch {
            return .failure(Problems(Failure(.internal, "the manifest cannot be written: \(error)")))
        }
    }
}
