// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// A place in the network where a feature is taken, and how its positions are pooled into one vector.
public indirect enum Tap: Hashable, Sendable, CustomStringConvertible, LosslessStringConvertible {
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
    /// `closer.d11.max`: the same of the part of the picture that ``ForegroundMask`` shows, enlarged, every position weighed by the mask.
    case closer(Tap)
    /// `doubt`: how unsure that mask is, one number.
    case doubt

    public init?(_ description: String) {
        if description == "doubt" {
            self = .doubt
            return
        }
        if description.hasPrefix("closer.") {
            guard let tap = Tap(String(description.dropFirst(7))), !tap.needsMask else { return nil }
            self = .closer(tap)
            return
        }
        let parts = description.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let place = parts[0].first, let pooling = Pooling(rawValue: String(parts[1])) else { return nil }
        if parts[0] == "head" {
            self = .head(pooling)
            return
        }
        let digits = parts[0].dropFirst()
        guard (1...2).contains(digits.count), digits.allSatisfy({ ("0"..."9").contains($0) }), let block = Int(digits) else { return nil }
        switch place {
        case "d": self = .depthwise(block: block, pooling)
        case "b": self = .output(block: block, pooling)
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .depthwise(let block, let pooling): "d\(block).\(pooling.rawValue)"
        case .output(let block, let pooling): "b\(block).\(pooling.rawValue)"
        case .head(let pooling): "head.\(pooling.rawValue)"
        case .closer(let tap): "closer.\(tap)"
        case .doubt: "doubt"
        }
    }

    /// Whether only a network with a ``ForegroundMask`` has it.
    public var needsMask: Bool {
        switch self {
        case .closer, .doubt: true
        case .depthwise, .output, .head: false
        }
    }

    /// Floats that it gives of a picture: 672 for `d11.max`. `nil` where the network has no such block.
    public var width: Int? {
        switch self {
        case .closer(let tap): EfficientNetLite0.dimension(of: tap)
        case .doubt: 1
        case .depthwise, .output, .head: EfficientNetLite0.dimension(of: self)
        }
    }

    /// The stage of the network that must have run, and how its pixels are pooled; `nil` for ``doubt``.
    var place: (stage: Stage, pooling: Pooling)? {
        switch self {
        case .depthwise(let block, let pooling): (.depthwise(block), pooling)
        case .output(let block, let pooling): (.output(block), pooling)
        case .head(let pooling): (.head, pooling)
        case .closer(let tap): tap.place
        case .doubt: nil
        }
    }
}

/// How far the network runs, in order.
enum Stage: Comparable, Hashable {
    case depthwise(Int)
    case output(Int)
    case head

    private var order: Int {
        switch self {
        case .depthwise(let block): 2 * block
        case .output(let block): 2 * block + 1
        case .head: Int.max
        }
    }

    static func < (a: Stage, b: Stage) -> Bool { a.order < b.order }
}
