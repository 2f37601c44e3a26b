// SPDX-License-Identifier: Apache-2.0
import CKernels

/// y = f(W x + b) on rows, weights packed once for our own kernel: also a 1x1 convolution on pixels that lie channel-last.
///
/// A row's result is the same to the last bit whatever other rows come with it. Immutable, so any number of threads share it.
public final class LinearLayer: Sendable {
    public let inputs: Int
    public let outputs: Int

    /// - Parameters:
    ///   - weights: `[outputs x inputs]`, as trained.
    ///   - bias: one per output, or none.
    public init(weights: Matrix, bias: [Float]? = nil, relu6: Bool = false) { fatalError() }

    /// `[n x inputs] -> [n x outputs]`.
    public func callAsFunction(_ x: Matrix) -> Matrix { fatalError() }
}
