// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor

/// A link file (`link.gguf`, architecture `lcl-link`): how the features of one encoder's taps are compared.
///
/// Tensors `TAP.mean` [inputs] F32 and `TAP.map` [outputs x inputs] F16 for every tap, and `cohort` [classes x all outputs] F16; a
/// file without maps serves `prototype` alone. The metadata hold each method's calibration and how the file came to be.
public struct LinkFile: Sendable {
    public static let architecture = "lcl-link"
    static let version = 2

    /// The learned parts; those without a map stand for the tap's frozen features.
    public var parts: [FeatureSpace.Part]
    /// Of the learned space.
    public var cohort: Cohort?
    public var calibrations: [LinkModel.Method: Calibration]
    public var training: Training

    public init(parts: [FeatureSpace.Part], cohort: Cohort?, calibrations: [LinkModel.Method: Calibration], training: Training) {
        self.parts = parts
        self.cohort = cohort
        self.calibrations = calibrations
        self.training = training
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
        let taps = try file.list(Key.taps)
        try check(!taps.isEmpty && Set(taps).count == taps.count, "\(Key.taps) lists no tap, or one twice")
        parts = try taps.map { tap in
            let mean = try file.matrix(tensor: "\(tap).mean")
            let map = file.tensor("\(tap).map") == nil ? nil : try file.matrix(tensor: "\(tap).map")
            try check(mean.rowCount == 1 && mean.isFinite, "\(tap).mean is not one row of finite numbers")
            if let map {
                try check(map.columnCount == mean.columnCount && map.rowCount > 0, "\(tap).map does not take what \(tap) gives")
                // The file stores it in half precision.
                try check(map.elements.allSatisfy { abs($0) <= Float(Float16.greatestFiniteMagnitude) }, "\(tap).map holds numbers that are not finite or exceed 65504")
            }
            return FeatureSpace.Part(tap: tap, mean: mean.row(0), map: map)
        }
        if file.tensor("cohort") != nil {
            let means = try file.matrix(tensor: "cohort"), width = parts.reduce(0) { $0 + ($1.map?.rowCount ?? 0) }
            try check(parts.allSatisfy { $0.map != nil } && means.columnCount == width, "the cohort is not of the maps' width")
            try check((1...Cohort.most).contains(means.rowCount) && means.isFinite, "the cohort is not 1 to \(Cohort.most) rows of finite numbers")
            cohort = Cohort(means: means)
        }
        calibrations = [:]
        for method in LinkModel.Method.allCases where file[Key.temperature(method)] != nil {
            let calibration = Calibration(
                temperature: Double(try file.float(Key.temperature(method))),
                unknown: Calibration.Unknown(
                    oneShot: Double(try file.float(Key.unknown(method, "one_shot"))), reach: Double(try file.float(Key.unknown(method, "reach")))))
            try check(calibration.isSane, "the calibration of \(method.rawValue) is not finite and positive")
            calibrations[method] = calibration
        }
        training = Training(
            strategy: try file.string(Key.strategy), engine: try file.string(Key.engine), encoder: try file.string(Key.encoder),
            classes: try file.integer(Key.classes), pictures: try file.integer(Key.pictures),
            shrinkage: try file.float(Key.shrinkage), provenance: try file.list(Key.provenance))
        try check(
            [training.classes, training.pictures].allSatisfy { UInt32(exactly: $0) != nil }, "\(Key.classes) or \(Key.pictures) is no number of things")
        try check(!methods.isEmpty, "it holds no calibration, so no method can answer with it")
    }

    /// Writes the file whole or not at all.
    /// - Throws: ``LinkError/unwritable(path:reason:)``.
    public func write(to path: String) throws(LinkError) {
        do {
            try Data(encoded()).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw .unwritable(path: path, reason: error.localizedDescription)
        }
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
        for (method, calibration) in calibrations.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            writer.set(Key.temperature(method), .float32(Float(calibration.temperature)))
            writer.set(Key.unknown(method, "one_shot"), .float32(Float(calibration.unknown.oneShot)))
            writer.set(Key.unknown(method, "reach"), .float32(Float(calibration.unknown.reach)))
        }
        for part in parts {
            writer.add(tensor: "\(part.tap).mean", shape: [part.mean.count], values: part.mean, as: .f32)
            if let map = part.map { writer.add(tensor: "\(part.tap).map", map, as: .f16) }
        }
        if let cohort { writer.add(tensor: "cohort", cohort.means, as: .f16) }
        return writer.encoded()
    }

    private enum Key {
        static let version = "lcl-link.version"
        static let taps = "lcl-link.taps"
        static let strategy = "lcl-link.strategy"
        static let engine = "lcl-link.engine"
        static let encoder = "lcl-link.encoder.sha256"
        static let classes = "lcl-link.training.classes"
        static let pictures = "lcl-link.training.pictures"
        static let shrinkage = "lcl-link.training.shrinkage"
        static let provenance = "lcl-link.training.provenance"

        static func temperature(_ method: LinkModel.Method) -> String { "lcl-link.\(method.rawValue).temperature" }
        static func unknown(_ method: LinkModel.Method, _ field: String) -> String { "lcl-link.\(method.rawValue).unknown.\(field)" }
    }
}

extension Calibration {
    fileprivate var isSane: Bool {
        temperature > 0 && [temperature, unknown.oneShot, unknown.reach].allSatisfy(\.isFinite)
    }
}

extension Matrix {
    fileprivate var isFinite: Bool { elements.allSatisfy(\.isFinite) }
}

extension GGUFFile {
    /// The lines of a text.
    fileprivate func list(_ key: String) throws(ModelError) -> [String] {
        try string(key).split(separator: "\n").map(String.init)
    }
}
