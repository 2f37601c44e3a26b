// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// The classes that a space was fitted on, as a background for what it is asked about: some points are near to everything
/// ("hubs"; Radovanović et al., JMLR 11, 2010), and a cosine says less where it is to one of them.
public struct Cohort: Sendable {
    /// The classes' means in the space, at length 1: [classes x width].
    public let means: Matrix
    private let layer: LinearLayer

    /// More classes than this add nothing but bytes.
    package static let most = 1024
    /// How many of the nearest classes tell a hub.
    static let nearest = 20

    /// - Parameter means: what F16 holds of them, so that a cohort that was just made and one from a file are the same.
    public init(means: Matrix) {
        precondition(means.rowCount > 0, "a cohort has a class")
        let means = means.map { Float(Float16($0)) }
        self.means = means
        layer = LinearLayer(weights: means)
    }

    /// The mean of each point's 20 highest cosines to the cohort: [points].
    func hubness(_ points: Matrix) -> [Float] {
        cosines(points) { row in
            // The best so far, ascending: most of a row only sees the first of them.
            var best = row.prefix(Self.nearest).sorted()
            for value in row.dropFirst(Self.nearest) where value > best[0] {
                let place = best.firstIndex { $0 >= value } ?? best.count
                best.insert(value, at: place)
                best.removeFirst()
            }
            return best.reduce(0, +) / Float(best.count)
        }
    }

    /// Each point's highest cosine to the cohort: [points].
    func familiarity(_ points: Matrix) -> [Float] {
        cosines(points) { $0.max()! }
    }

    private func cosines(_ points: Matrix, _ summary: (UnsafeBufferPointer<Float>) -> Float) -> [Float] {
        let cosines = layer(points)
        return (0..<points.rowCount).map { cosines.withRow($0, summary) }
    }
}
