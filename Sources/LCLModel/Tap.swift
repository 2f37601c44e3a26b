// SPDX-License-Identifier: Apache-2.0

/// A place in the network where a feature is taken, and how its positions are pooled into one vector.
public enum Tap: Hashable, Sendable, CustomStringConvertible, LosslessStringConvertible {
    public enum Pooling: String, Hashable, Sendable {
        case max
        case mean
    }

    /// `d11.max`: after the ReLU6 of this block's depthwise convolution; blocks count from 0.
    case depthwise(block: Int, Pooling)
    /// `b10.mean`: the block's output.
    case output(block: Int, Pooling)
    /// `head.mean`: the 1280 channels before the classifier.
    case head(Pooling)

    public init?(_ description: String) { fatalError() }

    public var description: String { fatalError() }
}
