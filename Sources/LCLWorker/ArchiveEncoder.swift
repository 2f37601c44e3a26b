// SPDX-License-Identifier: Apache-2.0
import LCLImage
import LCLLink
import LCLModel
import LCLTensor
import LCLTraining

/// Pictures to what a training needs of them: the model's taps, and the one that similar labels are found by.
final class ArchiveEncoder: PictureEncoder {
    let batch = 32
    let taps: [String]
    /// Floats of each tap.
    let widths: [Int]

    private let encoder: VisionEncoder
    private let reader: PictureReader
    /// batch x side x side x 3.
    private let pixels: UnsafeMutableBufferPointer<UInt8>

    /// - Throws: `ModelError`.
    init(_ model: ModelDirectory, limits: ImageLimits) throws {
        let (network, taps) = try model.loadEncoder()
        let all = FeatureEncoder(network: network, encoder: "", taps: taps).taps
        self.taps = all.map(\.description)
        widths = all.compactMap(\.width)
        encoder = VisionEncoder(network: network, taps: all)
        reader = PictureReader(side: EfficientNetLite0.inputSize, limits: limits)
        pixels = .allocate(capacity: batch * reader.preparedCount)
    }

    deinit { pixels.deallocate() }

    func prepare(_ file: UnsafeRawBufferPointer, at place: Int) throws(ImageError) {
        try reader.prepare(file, into: UnsafeMutableBufferPointer(rebasing: pixels[place * reader.preparedCount..<(place + 1) * reader.preparedCount]))
    }

    func encode(_ count: Int, alive: () throws -> Void) rethrows -> [Matrix] {
        let features = encoder.features(UnsafeBufferPointer(rebasing: pixels[..<(count * reader.preparedCount)]), count: count)
        return (0..<count).map { Matrix([features.row($0)]) }
    }
}
