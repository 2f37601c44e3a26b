// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// A vision model with its projector, read from GGUF: squares of pixels become embeddings of a language model.
///
/// Immutable, so any number of threads share it; one call uses up to `threads` of its own. A square's embeddings are the same to
/// the last bit whatever other squares come with it, and whatever the number of threads.
public final class VisionModel: Sendable {
    /// Columns of an embedding: the width of the language model it was made for.
    public let width: Int
    /// Rows that one square becomes.
    public let positions: Int
    /// How a picture must be prepared.
    public let input: PictureInput
    /// What stands around a picture in a conversation.
    public let frame: PictureFrame
    private let network: any VisionNetwork

    /// - Parameters:
    ///   - file: an `mmproj` file of CLIP with a LLaVA projector, of SigLIP with Idefics3's, or of EfficientNet-Lite0 with a linear one.
    ///   - projector: where EfficientNet-Lite0's projector is, if not in `file`.
    ///   - fit: instead of what the file says.
    ///   - threads: that one call may use.
    /// - Throws: ``ModelError``: `unsupported` or `wrongContent`.
    public init(_ file: GGUFFile, projector: GGUFFile? = nil, fit: PictureInput.Fit? = nil, threads: Int = 1) throws(ModelError) {
        precondition(threads >= 1, "at least one thread")
        let architecture = try file.string("general.architecture")
        switch architecture {
        case EfficientNetLite0.architecture: network = try ProjectedLite0(file, projector: projector ?? file, threads: threads)
        case VisionConfiguration.architecture where projector == nil: network = try VisionTransformer(file, threads: threads)
        case VisionConfiguration.architecture:
            throw ModelError(.unsupported, file: file.path, item: "general.architecture", "'\(architecture)' has its projector in its own file; name no other")
        default:
            throw ModelError(
                .unsupported, file: file.path, item: "general.architecture",
                "'\(architecture)' is no vision model; '\(VisionConfiguration.architecture)' and '\(EfficientNetLite0.architecture)' are read")
        }
        (width, positions, frame) = (network.width, network.positions, network.frame)
        var input = network.input
        if let fit { input.fit = fit }
        self.input = input
    }

    /// - Parameter squares: prepared as ``input`` says, ``PictureInput/byteCount`` bytes each.
    /// - Returns: of each, `[positions x width]`.
    public func embeddings(_ squares: [[UInt8]]) -> [Matrix] { embeddings(squares, alive: {}) }

    /// The same; `alive` is called now and then, in a transformer before every block.
    public func embeddings(_ squares: [[UInt8]], alive: () throws -> Void) rethrows -> [Matrix] {
        precondition(squares.allSatisfy { $0.count == input.byteCount }, "squares of \(input.side) pixels")
        return squares.isEmpty ? [] : try network.embeddings(squares, alive: alive)
    }
}

/// What a vision model is made of: a network that a projector belongs to.
protocol VisionNetwork: Sendable {
    var width: Int { get }
    var positions: Int { get }
    var input: PictureInput { get }
    var frame: PictureFrame { get }

    /// Of at least one square, `[positions x width]` each.
    func embeddings(_ squares: [[UInt8]], alive: () throws -> Void) rethrows -> [Matrix]
}
