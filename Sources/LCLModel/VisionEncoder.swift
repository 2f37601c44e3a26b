// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// One thread's run of the network: owns the scratch memory. Not `Sendable`: make one per thread.
///
/// Pictures go through one by one, so that a picture's activations stay in the second-level cache, and its result cannot
/// depend on its company. Within a block, two or three planes of channels at a time are expanded and convolved: the
/// expanded picture, six times the input, never exists as a whole.
public final class VisionEncoder {
    public let network: EfficientNetLite0
    /// Where features are taken.
    public let taps: [Tap]
    /// Columns of each tap in a feature row, in the order of `taps`.
    public let columns: [Range<Int>]
    /// Length of a feature row: all taps, joined.
    public let dimension: Int

    private let patches = Patches(width: EfficientNetLite0.inputSize)
    private let activations: (Scratch, Scratch)
    /// A few planes of the expanded picture, padded.
    private let expanded: Scratch
    /// The depthwise convolution's output.
    private let convolved: Scratch
    private let blocks: [BlockPlan]
    /// The part of the picture that the mask shows, enlarged.
    private let part = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: EfficientNetLite0.inputSize * EfficientNetLite0.inputSize * 3)

    /// - Parameter taps: of this network: their ``Tap/width`` is not `nil`, and where it has no mask, none needs one.
    public init(network: EfficientNetLite0, taps: [Tap] = EfficientNetLite0.defaultTaps) {
        self.network = network
        self.taps = taps
        var columns: [Range<Int>] = [], end = 0
        for tap in taps {
            guard let length = tap.width, network.mask != nil || !tap.needsMask else { preconditionFailure("the network has no tap \(tap)") }
            columns.append(end..<end + length)
            end += length
        }
        self.columns = columns
        dimension = end
        blocks = BlockPlan.plan(network)
        let activation = blocks.map(\.outputSize).max()!
        activations = (Scratch(floats: activation), Scratch(floats: activation))
        expanded = Scratch(floats: blocks.map(\.expandedSize).max()!)
        let head = Picture.size(width: blocks.last!.side, height: blocks.last!.side, channels: EfficientNetLite0.headChannels)
        convolved = Scratch(floats: max(head, blocks.map(\.convolvedSize).max()!))
    }

    deinit { part.deallocate() }

    /// Features of `count` pictures, `[count x dimension]`; the network runs no deeper than the deepest tap. A picture's
    /// row is the same to the last bit whatever comes with it.
    /// - Parameter pixels: RGB bytes, `count x 224 x 224 x 3`.
    public func features(_ pixels: UnsafeBufferPointer<UInt8>, count: Int) -> Matrix {
        run(pixels, count: count, taps: Array(zip(taps, columns)), dimension: dimension)
    }

    /// The 1000 ImageNet logits, `[count x 1000]`.
    public func logits(_ pixels: UnsafeBufferPointer<UInt8>, count: Int) -> Matrix {
        let length = EfficientNetLite0.headChannels
        return network.classifier(run(pixels, count: count, taps: [(.head(.mean), 0..<length)], dimension: length))
    }

    private func run(_ pixels: UnsafeBufferPointer<UInt8>, count: Int, taps: [(Tap, Range<Int>)], dimension: Int) -> Matrix {
        let size = EfficientNetLite0.inputSize * EfficientNetLite0.inputSize * 3
        precondition(count >= 0 && pixels.count == count * size, "\(pixels.count) bytes for \(count) pictures")
        var features = Matrix(rows: count, columns: dimension)
        let whole = taps.filter { !$0.0.needsMask }, masked = taps.filter(\.0.needsMask)
        for index in 0..<count {
            let picture = UnsafeBufferPointer(rebasing: pixels[index * size..<(index + 1) * size])
            features.withMutableRow(index) { row in
                let foreground = pool(picture, whole, into: row, looking: !masked.isEmpty)
                guard let foreground else { return }
                for (tap, columns) in masked where tap == .doubt { row[columns.lowerBound] = foreground.doubt }
                let closer = masked.filter { $0.0 != .doubt }
                guard !closer.isEmpty else { return }
                foreground.enlarge(picture, into: part)
                _ = pool(UnsafeBufferPointer(part), closer, into: row, looking: false, weighed: foreground)
            }
        }
        return features
    }

    /// The mask's map of each picture: [count x cells x channels].
    public func maps(_ pixels: UnsafeBufferPointer<UInt8>, count: Int) -> [Matrix] {
        let size = EfficientNetLite0.inputSize * EfficientNetLite0.inputSize * 3
        precondition(count >= 0 && pixels.count == count * size, "\(pixels.count) bytes for \(count) pictures")
        return (0..<count).map { index in
            var map: Matrix?
            forward(UnsafeBufferPointer(rebasing: pixels[index * size..<(index + 1) * size]), to: ForegroundMask.stage, []) { map = $0.pixels() }
            return map!
        }
    }

    /// One run of the network for some taps; with what its mask sees, where that is asked.
    /// - Parameter foreground: what weighs the positions of its enlarged part.
    private func pool(
        _ picture: UnsafeBufferPointer<UInt8>, _ taps: [(Tap, Range<Int>)], into row: UnsafeMutableBufferPointer<Float>, looking: Bool,
        weighed foreground: Foreground? = nil
    ) -> Foreground? {
        let places = taps.map { $0.0.place! }, deepest = (places.map(\.stage) + (looking ? [ForegroundMask.stage] : [])).max()
        guard let deepest else { return nil }
        let pools = zip(places, taps).map { place, tap in
            let weights = foreground?.weights(side: BlockPlan.side(place.stage))
            return TapPool(place, weights: weights, into: UnsafeMutableBufferPointer(rebasing: row[tap.1]))
        }
        var seen: Foreground?
        forward(picture, to: deepest, pools) { if looking { seen = network.mask!.foreground($0.pixels()) } }
        for pool in pools { pool.finish() }
        return seen
    }

    // MARK: The network

    /// - Parameter seen: called with the map that the mask reads.
    private func forward(_ pixels: UnsafeBufferPointer<UInt8>, to deepest: Stage, _ pools: [TapPool], seen: (Picture) -> Void = { _ in }) {
        var input: Picture?
        for (index, block) in blocks.enumerated() {
            let output = block.output(in: index % 2 == 0 ? activations.0 : activations.1)
            let ends = deepest == .depthwise(index)
            for strip in block.strips {
                let convolved = block.convolved(rows: strip.count, in: self.convolved)
                if let input {
                    expandAndConvolve(block, input, rows: strip, into: convolved)
                } else {
                    stemAndConvolve(block, pixels, rows: strip, into: convolved)
                }
                for pool in pools where pool.stage == .depthwise(index) { pool.add(convolved, from: strip.lowerBound) }
                if ends { continue }
                block.weights.project.convolve(
                    convolved, rows: 0..<strip.count, into: output, at: strip.lowerBound, adding: block.isResidual ? input : nil)
            }
            for pool in pools where pool.stage == .output(index) { pool.add(output) }
            if ForegroundMask.stage == .output(index) { seen(output) }
            if ends || deepest == .output(index) { return }
            input = output
        }
        let head = Picture(width: input!.width, height: input!.height, channels: EfficientNetLite0.headChannels, in: convolved)
        network.head.convolve(input!, rows: 0..<input!.height, into: head, at: 0)
        for pool in pools where pool.stage == .head { pool.add(head) }
    }

    private func expandAndConvolve(_ block: BlockPlan, _ input: Picture, rows: Range<Int>, into convolved: Picture) {
        guard let expand = block.weights.expand else { preconditionFailure("only the first block has no expansion, and it follows the stem") }
        let needed = block.weights.depthwise.inputRows(for: rows), inside = needed.clamped(to: 0..<input.height)
        var cleared = 0
        for part in block.panels {
            let planes = block.expanded(rows: needed.count, channels: part.count, in: expanded)
            // The border stays zero from panel to panel: the layout is the same.
            if cleared != part.count { planes.clear() }
            cleared = part.count
            expand.convolve(input, rows: inside, part: part, into: planes, at: inside.lowerBound - needed.lowerBound)
            block.weights.depthwise.convolve(planes, part: part, into: convolved)
        }
    }

    private func stemAndConvolve(_ block: BlockPlan, _ pixels: UnsafeBufferPointer<UInt8>, rows: Range<Int>, into convolved: Picture) {
        let needed = block.weights.depthwise.inputRows(for: rows)
        let planes = block.expanded(rows: needed.count, channels: EfficientNetLite0.stemChannels, in: expanded)
        planes.clear()
        for row in needed.clamped(to: 0..<block.inputSide) {
            patches.load(pixels, row: row)
            network.stem.convolve(patches: patches, step: Patches.step, into: planes, at: row - needed.lowerBound)
        }
        block.weights.depthwise.convolve(planes, part: 0..<EfficientNetLite0.stemChannels, into: convolved)
    }
}

/// What one tap collects from one picture.
private struct TapPool {
    let stage: Stage
    private let pooling: Picture.Pooling
    private let vector: UnsafeMutableBufferPointer<Float>
    /// Of each position; `nil`: all count alike.
    private let weights: [Float]?
    /// What a sum is divided by.
    private let total: Float

    init(_ place: (stage: Stage, pooling: Tap.Pooling), weights: [Float]?, into vector: UnsafeMutableBufferPointer<Float>) {
        stage = place.stage
        pooling = place.pooling == .max ? .maximum : .sum
        self.vector = vector
        self.weights = weights
        let side = BlockPlan.side(place.stage)
        // A little more than the weights: where there are next to none, the mean is small rather than wild.
        total = weights.map { $0.reduce(0.01, +) } ?? Float(side * side)
        vector.update(repeating: pooling.identity)
    }

    /// - Parameter row: of the stage, the first of the picture.
    func add(_ picture: Picture, from row: Int = 0) {
        guard let weights else { return picture.pool(pooling, rows: 0..<picture.height, into: vector) }
        picture.pool(pooling, weights: weights[row * picture.width..<(row + picture.height) * picture.width], into: vector)
    }

    func finish() {
        guard pooling == .sum else { return }
        for i in vector.indices { vector[i] /= total }
    }
}
