// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor

/// A link file (`link.gguf`, architecture `lcl-link`): how the features of one encoder's taps are compared.
///
/// Tensors `TAP.mean` [inputs] F32 and `TAP.map` [outputs x inputs] F16 for every tap, and `cohort` [classes x all outputs] F16; a
/// file without maps serves `prototype` alone. Where the encoder looks closer, the same again for `metric`: a mean and a map for taps such as
/// `closer.d11.max`, and `closer.cohort`. The metadata hold each calibration and how the file came to be.
public struct LinkFile: Sendable {
    public static let architecture = "lcl-link"
    static let version = 3

    /// The learned parts; those without a map stand for the tap's frozen features.
    public var parts: [FeatureSpace.Part]
    /// Of the learned space.
    public var cohort: Cohort?
    public var calibrations: [LinkModel.Method: Calibration]
    /// Where the encoder looks closer, how `metric` compares what it sees there.
    public var closer: Closer?
    public var training: Training

    public init(
        parts: [FeatureSpace.Part], cohort: Cohort?, calibrations: [LinkModel.Method: Calibration], closer: Closer? = nil, training: Training
    ) {
        self.parts = parts
        self.cohort = cohort
        self.calibrations = calibrations
        self.closer = closer
        self.training = training
    }

    /// The learned space of the closer look.
    public struct Closer: Sendable {
        /// Their taps are such as `closer.d11.max`; each has a map.
        public var parts: [FeatureSpace.Part]
        public var cohort: Cohort
        public var calibration: Calibration

        public init(parts: [FeatureSpace.Part], cohort: Cohort, calibration: Calibration) {
            self.parts = parts
            self.cohort = cohort
            self.calibration = calibration
        }

        public var linking: RidgeLink { RidgeLink(space: FeatureSpace(parts), cohort: cohort) }
    }

    /// How the file came to be.
    public struct Training: Equatable, Sendable {
        /// Such as `lda`.
        public var strategy: String
        /// Version of lcl that fitted it.
        public var engine: String
        /// The encoder whose features it compares: SHA-256 of its file.
        public var encoder: String
        public var classes: Int
        public var pictures: Int
        public var shrinkage: Float
        /// Where the pictures came from, one line each.
        public var provenance: [String]

        public init(
            strategy: String, engine: String, encoder: String, classes: Int, pictures: Int, shrinkage: Float, provenance: [String]
        ) {
            self.strategy = strategy
            self.engine = engine
            self.encoder = encoder
            self.classes = classes
            self.pictures = pictures
            self.shrinkage = shrinkage
            self.provenance = provenance
        }
    }

    /// The methods that the file can serve, best first.
    public var methods: [LinkModel.Method] {
        LinkModel.Method.allCases.filter { method in
            calibrations[method] != nil && (method == .prototype || cohort != nil)
        }
    }

    /// How `method` answers; one of ``methods``.
    public func linking(_ method: LinkModel.Method) -> any LinkMethod {
        switch method {
        case .metric: RidgeLink(space: FeatureSpace(parts), cohort: cohort!)
        case .prototype: NearestMean(space: FeatureSpace(parts.map { FeatureSpace.Part(tap: $0.tap, mean: $0.mean) }))
        }
    }
}

// MARK: - The closer look

extension LinkFile {
    /// Why features of these taps, as an encoder gives them, cannot be compared by this file; `nil` where they can.
    package func mismatch(with taps: [Tap]) -> String? {
        let all = parts + (closer?.parts ?? []), names = all.map(\.tap) + (closer == nil ? [] : ["doubt"])
        if names != taps.map(\.description) { return "it compares other taps than the model's card names" }
        return all.map(\.mean.count) == taps.prefix(all.count).map(\.width) ? nil : "its means are not as wide as the encoder's taps"
    }
}

// MARK: - On the disk

extension LinkFile {
    /// - Throws: `ModelError` where the file is no good GGUF; ``LinkError/file(path:reason:)`` where it is no link file.
    public init(path: String) throws {
        try self.init(gguf: GGUFFile(path: path))
    }

    /// - Throws: `ModelError` where a key or tensor is missing; ``LinkError/file(path:reason:)`` where one is wrong.
    public init(gguf file: GGUFFile) throws {
        let path = file.path
        func check(_ condition: Bool, _ reason: @autoclosure () -> String) throws(LinkError) {
            guard condition else { throw .file(path: path, reason: reason()) }
        }
        try check(try file.string("general.architecture") == Self.architecture, "it is not of the architecture \(Self.architecture)")
        let version = try file.integer(Key.version)
        try check(version == Self.version, "it has version \(version), this lcl reads \(Self.version); fit it again with `lcl train`")
        // As they are written: what is packed tighter would be much longer in memory.
        func matrix(_ tensor: String) throws -> Matrix {
            try check(file.tensor(tensor).map { [.f32, .f16].contains($0.type) } ?? true, "\(tensor) is neither F32 nor F16")
            return try file.matrix(tensor: tensor)
        }
        func parts(_ key: String) throws -> [FeatureSpace.Part] {
            let taps = try file.list(key)
            try check(!taps.isEmpty && Set(taps).count == taps.count, "\(key) lists no tap, or one twice")
            return try taps.map { tap in
                let mean = try matrix("\(tap).mean")
                let map = file.tensor("\(tap).map") == nil ? nil : try matrix("\(tap).map")
                try check(mean.rowCount == 1 && mean.isFinite, "\(tap).mean is not one row of finite numbers")
                if let map {
                    try check(map.columnCount == mean.columnCount && (1...map.columnCount).contains(map.rowCount), "\(tap).map does not take what \(tap) gives")
                    try check(map.fitsHalfPrecision, "\(tap).map holds numbers that are not finite or exceed 65504")
                }
                return FeatureSpace.Part(tap: tap, mean: mean.row(0), map: map)
            }
        }
        func cohort(_ tensor: String, _ parts: [FeatureSpace.Part]) throws -> Cohort {
            let means = try matrix(tensor), width = parts.reduce(0) { $0 + ($1.map?.rowCount ?? 0) }
            try check(parts.allSatisfy { $0.map != nil } && means.columnCount == width, "the \(tensor) is not of the maps' width")
            try check((1...Cohort.most).contains(means.rowCount) && means.fitsHalfPrecision, "the \(tensor) is not 1 to \(Cohort.most) rows of finite numbers up to 65504")
            return Cohort(means: means)
        }
        func calibration(_ name: String) throws -> Calibration {
            let calibration = Calibration(
                temperature: Double(try file.float(Key.temperature(name))),
                unknown: Calibration.Unknown(
                    oneShot: Double(try file.float(Key.unknown(name, "one_shot"))), reach: Double(try file.float(Key.unknown(name, "reach")))))
            try check(calibration.isSane, "the calibration of \(name) is not finite and positive")
            return calibration
        }
        let whole = try parts(Key.taps)
        self.parts = whole
        self.cohort = file.tensor("cohort") == nil ? nil : try cohort("cohort", whole)
        calibrations = [:]
        for method in LinkModel.Method.allCases where file[Key.temperature(method.rawValue)] != nil {
            calibrations[method] = try calibration(method.rawValue)
        }
        if file[Key.closerTaps] != nil {
            let parts = try parts(Key.closerTaps)
            try check(parts.allSatisfy { part in !whole.contains { $0.tap == part.tap } }, "\(Key.closerTaps) lists a tap of \(Key.taps)")
            closer = Closer(parts: parts, cohort: try cohort("closer.cohort", parts), calibration: try calibration("closer"))
        }
        training = Training(
            strategy: try file.string(Key.strategy), engine: try file.string(Key.engine), encoder: try file.string(Key.encoder),
            classes: try file.integer(Key.classes), pictures: try file.integer(Key.pictures),
            shrinkage: try file.float(Key.shrinkage), provenance: try file.list(Key.provenance))
        try check(
            [training.classes, training.pictures].allSatisfy { UInt32(exactly: $0) != nil }, "\(Key.classes) or \(Key.pictures) is no number of things")
        try check(!methods.isEmpty, "it holds no calibration, so no method can answer with it")
    }

    package func encoded() -> [UInt8] {
        var writer = GGUFWriter(architecture: Self.architecture)
        writer.set("general.license", .string("Apache-2.0"))
        writer.set(Key.version, .uint32(UInt32(Self.version)))
        writer.set(Key.taps, .string(parts.map(\.tap).joined(separator: "\n")))
        writer.set(Key.strategy, .string(training.strategy))
        writer.set(Key.engine, .string(training.engine))
        writer.set(Key.encoder, .string(training.encoder))
        writer.set(Key.classes, .uint32(UInt32(training.classes)))
        writer.set(Key.pictures, .uint32(UInt32(training.pictures)))
        writer.set(Key.shrinkage, .float32(training.shrinkage))
        writer.set(Key.provenance, .string(training.provenance.joined(separator: "\n")))
        if let closer { writer.set(Key.closerTaps, .string(closer.parts.map(\.tap).joined(separator: "\n"))) }
        let named = calibrations.map { ($0.rawValue, $1) } + (closer.map { [("closer", $0.calibration)] } ?? [])
        for (name, calibration) in named.sorted(by: { $0.0 < $1.0 }) {
            writer.set(Key.temperature(name), .float32(Float(calibration.temperature)))
            writer.set(Key.unknown(name, "one_shot"), .float32(Float(calibration.unknown.oneShot)))
            writer.set(Key.unknown(name, "reach"), .float32(Float(calibration.unknown.reach)))
        }
        for part in parts + (closer?.parts ?? []) {
            writer.add(tensor: "\(part.tap).mean", shape: [part.mean.count], values: part.mean, as: .f32)
            if let map = part.map { writer.add(tensor: "\(part.tap).map", map, as: .f16) }
        }
        if let cohort { writer.add(tensor: "cohort", cohort.means, as: .f16) }
        if let closer { writer.add(tensor: "closer.cohort", closer.cohort.means, as: .f16) }
        return writer.encoded()
    }

    private enum Key {
        static let version = "lcl-link.version"
        static let taps = "lcl-link.taps"
        static let closerTaps = "lcl-link.closer.taps"
        static let strategy = "lcl-link.strategy"
        static let engine = "lcl-link.engine"
        static let encoder = "lcl-link.encoder.sha256"
        static let classes = "lcl-link.training.classes"
        static let pictures = "lcl-link.training.pictures"
        static let shrinkage = "lcl-link.training.shrinkage"
        static let provenance = "lcl-link.training.provenance"

        /// - Parameter name: a method's, or `closer`.
        static func temperature(_ name: String) -> String { "lcl-link.\(name).temperature" }
        static func unknown(_ name: String, _ field: String) -> String { "lcl-link.\(name).unknown.\(field)" }
    }
}

extension Calibration {
    fileprivate var isSane: Bool {
        temperature > 0 && [temperature, unknown.oneShot, unknown.reach].allSatisfy(\.isFinite)
    }
}

extension Matrix {
    fileprivate var isFinite: Bool { elements.allSatisfy(\.isFinite) }

    /// As which a link file stores maps and cohorts.
    fileprivate var fitsHalfPrecision: Bool { elements.allSatisfy { abs($0) <= Float(Float16.greatestFiniteMagnitude) } }
}

extension GGUFFile {
    /// The lines of a text.
    fileprivate func list(_ key: String) throws(ModelError) -> [String] {
        try string(key).split(separator: "\n").map(String.init)
    }
}
