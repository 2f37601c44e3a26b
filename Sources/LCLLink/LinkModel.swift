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
    /// Side of the square RGB pictures that ``features(pixels:count:)`` takes, in pixels.
    public let inputSide: Int
    /// Width of a row of raw features: the model's taps, joined.
    public let featureWidth: Int

    /// The model called `name` in the directories where models lie; `directory` asks for exactly that place.
    /// - Throws: `ModelError` (missing, damaged, wrong hash), ``LinkError/file(path:reason:)``.
    public init(named name: String = "default", directory: String? = nil) throws {
        fatalError("unwritten")
    }

    /// The raw features of `count` pictures: [count x featureWidth]; each row depends on its picture alone, bit for bit.
    /// - Parameter pixels: count x inputSide x inputSide x 3 bytes, RGB.
    public func features(pixels: UnsafeBufferPointer<UInt8>, count: Int) -> Matrix {
        fatalError("unwritten")
    }

    /// The supports linked and ready for queries. Keep it for the whole job; it is `Sendable`.
    /// - Parameter method: `nil` is the model's best.
    /// - Throws: ``LinkError``.
    public func link(_ support: SupportSet, method: Method? = nil, unknown: UnknownRule = .auto) throws(LinkError) -> LinkedSupport {
        fatalError("unwritten")
    }
}
