// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

/// A loaded model: an encoder, the taps that are read from it, and the link file that says how to compare them.
///
/// One per thread (it owns the encoder's scratch memory); the weights are memory-mapped, so many processes share them.
public final class LinkModel {
    /// The methods that a model can offer, best first.
    public enum Method: String, CaseIterable, Sendable {
        case metric
        case prototype
    }

    /// The model's name, as in `models/NAME/`.
    public let name: String
    /// SHA-256 over the model's files, in hexadecimal: two models with the same one give the same answers.
    public let sha256: String
    public let link: LinkFile
    let encoder: VisionEncoder
    private let linking: [Method: any LinkMethod]
    private let closer: RidgeLink?
    /// Bytes that a support set may take, with the queries that are answered together.
    private let memory: Int

    /// The model called `name`, looked for in `searchPath`.
    /// - Throws: `ModelError` (missing, damaged, wrong digest), ``LinkError/file(path:reason:)``.
    public convenience init(named name: String = "default", in searchPath: [String] = ModelDirectory.searchPath()) throws {
        try self.init(directory: ModelDirectory.find(name, in: searchPath))
    }

    /// - Throws: `ModelError`, ``LinkError/file(path:reason:)``.
    public init(directory: ModelDirectory, memory: Int = .max) throws {
        let card = directory.card
        guard let file = card.link?.file else {
            throw LinkError.file(path: directory.path, reason: "the model's card names no link file; fit one with `lcl train`")
        }
        link = try LinkFile(gguf: directory.open(file))
        guard link.training.encoder == card.encoderDigest else {
            throw LinkError.file(path: directory.path(of: file), reason: "it was fitted for another encoder (SHA-256 \(link.training.encoder)); fit one with `lcl train`")
        }
        let (network, taps) = try directory.loadEncoder()
        if let mismatch = link.mismatch(with: taps) { throw LinkError.file(path: directory.path(of: file), reason: mismatch) }
        name = card.name
        sha256 = directory.identity
        encoder = VisionEncoder(network: network, taps: taps)
        linking = Dictionary(uniqueKeysWithValues: link.methods.map { [link] in ($0, link.linking($0)) })
        closer = link.closer?.linking
        self.memory = memory
    }

    /// Width of a row of raw features: the model's taps, joined.
    public var featureWidth: Int { encoder.dimension }

    /// What ``link(_:method:unknown:)`` uses where no method is named.
    public var bestMethod: Method { link.methods[0] }

    /// The supports linked and ready for queries. Keep it for the whole job; it is `Sendable`.
    /// - Parameter method: `nil` is the model's best.
    /// - Throws: ``LinkError``.
    public func link(
        _ support: SupportSet, method: Method? = nil, unknown: UnknownRule = .auto
    ) throws(LinkError) -> LinkedSupport {
        let method = method ?? bestMethod
        guard let linking = linking[method], let calibration = link.calibrations[method] else {
            throw .method(name: method.rawValue, model: name, supported: link.methods.map(\.rawValue))
        }
        let whole = 0..<linking.space.featureWidth
        if method == .metric, let closer, let calibration = link.closer?.calibration, Foreground.isSure(Self.doubts(support.features)) {
            return try LinkedSupport(
                support, at: whole.upperBound..<whole.upperBound + closer.space.featureWidth, method: closer, calibration: calibration, unknown: unknown)
        }
        return try LinkedSupport(support, at: whole, method: linking, calibration: calibration, unknown: unknown)
    }

    /// Refuses what takes more memory than there is.
    ///
    /// Rows as read and joined, and a tap of them on its way into the space; points, with what a context keeps of them; scores and
    /// similarities; answers.
    /// - Throws: ``LinkError/tooLarge(reason:)`` with the numbers.
    public func admit(_ names: [String], shots: [Int], together: Int, by method: String?, options: LinkOptions) throws(LinkError) {
        let method = method.flatMap { Method(rawValue: $0) } ?? bestMethod
        let spaces = [linking[method]?.space, method == .metric ? closer?.space : nil].compactMap(\.self)
        let width = spaces.map(\.width).max() ?? 0, tap = spaces.flatMap { $0.parts.map(\.mean.count) }.max() ?? 0
        let supports = shots.reduce(0, +), labels = names.count, row = 2 * featureWidth + 3 * tap, solved = min(supports, width)
        let linked = 4 * supports * (row + (method == .metric ? 7 : 4) * width + 6 * labels) + (method == .metric ? 8 * solved * solved : 0)
        let asked = 4 * together * (row + 3 * width + 4 * labels + supports) + together * (100 * labels + 1000)
        guard linked <= memory, asked <= memory - linked else {
            throw .tooLarge(
                reason: "\(supports) supports take about \(linked >> 20) MiB, and \(together) queries at once \(asked >> 20): together more than the"
                    + " \(memory >> 20) MiB allowed; use fewer supports, leave 'transductive' out, or allow more (the daemon's workers.memory)")
        }
    }

    /// Of features of an encoder that looks closer: the tap `doubt` is the last.
    private static func doubts(_ features: Matrix) -> [Float] { features.columns(features.columnCount - 1..<features.columnCount).elements }
}
