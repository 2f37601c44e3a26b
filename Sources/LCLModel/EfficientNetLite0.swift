// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// EfficientNet-Lite0's weights, batch norm folded, packed for our kernels: immutable, shared by all threads.
///
/// Tan and Le, EfficientNet (arXiv 1905.11946), in its Lite form: no squeeze-and-excitation, ReLU6, stem and head not scaled.
public final class EfficientNetLite0: Sendable {
    /// Side of the square input, pixels.
    public static let inputSize = 224
    public static let classCount = 1000
    public static let defaultTaps: [Tap] = [.depthwise(block: 11, .max), .depthwise(block: 15, .max)]

    /// - Throws: ``ModelError`` where the file is not this network.
    public init(gguf: GGUFFile) throws(ModelError) { fatalError() }

    /// Length of a tap's vector: 672 for `d11.max`.
    public static func dimension(of tap: Tap) -> Int { fatalError() }
}

/// One thread's run of the network: owns the scratch memory. Not `Sendable`: make one per thread.
public final class VisionEncoder {
    public let network: EfficientNetLite0
    /// Where features are taken.
    public let taps: [Tap]
    /// Columns of each tap in a feature row, in the order of `taps`.
    public let columns: [Range<Int>]
    /// Length of a feature row: all taps, joined.
    public var dimension: Int { fatalError() }

    public init(network: EfficientNetLite0, taps: [Tap] = EfficientNetLite0.defaultTaps) { fatalError() }

    /// Features of `count` pictures, `[count x dimension]`; the network runs no deeper than the deepest tap. A picture's
    /// row is the same to the last bit whatever comes with it.
    /// - Parameter pixels: RGB bytes, `count x 224 x 224 x 3`.
    public func features(_ pixels: UnsafeBufferPointer<UInt8>, count: Int) -> Matrix { fatalError() }

    /// The 1000 ImageNet logits, `[count x 1000]`.
    public func logits(_ pixels: UnsafeBufferPointer<UInt8>, count: Int) -> Matrix { fatalError() }
}
