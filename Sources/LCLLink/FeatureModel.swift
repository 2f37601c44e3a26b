// SPDX-License-Identifier: Apache-2.0
import LCLImage
import LCLModel
import LCLTensor

extension LinkModel: LoadedModel {
    public var methods: [String] { link.methods.map(\.rawValue) }

    public var isParallel: Bool { false }

    public func encoder(limits: ImageLimits) -> any PictureEncoder { FeaturePictureEncoder(encoder, limits: limits) }

    public func link(
        _ supports: LabelledPictures, by method: String?, options: LinkOptions, alive: () throws -> Void
    ) throws -> any LinkedModel {
        let known = try method.map { method throws(LinkError) in
            guard let known = Method(rawValue: method) else { throw .method(name: method, model: name, supported: methods) }
            return known
        }
        let set = try SupportSet(features: Matrix(joining: supports.pictures), labels: supports.labels, ways: supports.names.count)
        return try link(set, method: known, unknown: options.unknown)
    }
}

extension LinkedSupport: LinkedModel {
    public var conversation: ConversationSummary? { nil }

    public func answer(_ queries: [Matrix], transductive: Bool, alive: () throws -> Void) -> [LinkAnswer?] {
        queries.isEmpty ? [] : answer(Matrix(joining: queries), transductive: transductive)
    }
}

/// Pictures to rows of features, by a `VisionEncoder`.
public final class FeaturePictureEncoder: PictureEncoder {
    public let batch = 32

    private let encoder: VisionEncoder
    private let reader: PictureReader
    /// batch x side x side x 3.
    private let pixels: UnsafeMutableBufferPointer<UInt8>

    public init(_ encoder: VisionEncoder, limits: ImageLimits) {
        self.encoder = encoder
        reader = PictureReader(side: EfficientNetLite0.inputSize, limits: limits)
        pixels = .allocate(capacity: batch * reader.preparedCount)
    }

    deinit { pixels.deallocate() }

    public func prepare(_ file: UnsafeRawBufferPointer, at place: Int) throws(ImageError) {
        try reader.prepare(file, into: UnsafeMutableBufferPointer(rebasing: pixels[place * reader.preparedCount..<(place + 1) * reader.preparedCount]))
    }

    public func encode(_ count: Int, alive: () throws -> Void) rethrows -> [Matrix] {
        let features = encoder.features(UnsafeBufferPointer(rebasing: pixels[..<(count * reader.preparedCount)]), count: count)
        return (0..<count).map { Matrix([features.row($0)]) }
    }
}
