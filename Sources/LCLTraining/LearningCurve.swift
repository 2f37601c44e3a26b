// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTensor

/// What an EpisodicFit saw after each epoch of its search.
public struct LearningCurve: Equatable, Sendable {
    public struct Point: Equatable, Sendable {
        public var epoch: Int
        /// On the lessons of the epoch, before each step; `nil` before the first epoch.
        public var loss: Float?
        public var accuracy: Float?
        /// On the validation classes.
        public var validationLoss: Float
        /// 0 to 1.
        public var validationAccuracy: Float

        package init(epoch: Int, loss: Float? = nil, accuracy: Float? = nil, validationLoss: Float, validationAccuracy: Float) {
            self.epoch = epoch
            self.loss = loss
            self.accuracy = accuracy
            self.validationLoss = validationLoss
            self.validationAccuracy = validationAccuracy
        }
    }

    /// By epoch, from 0: the closed form.
    public internal(set) var points: [Point] = []

    /// The epoch with the least validation loss; of equals the first.
    public var bestEpoch: Int { points.min { $0.validationLoss < $1.validationLoss }?.epoch ?? 0 }

    /// One row a point, for a checkpoint: [points x 4].
    var matrix: Matrix {
        Matrix(points.map { [$0.loss ?? -1, $0.accuracy ?? -1, $0.validationLoss, $0.validationAccuracy] })
    }

    package init(points: [Point] = []) {
        self.points = points
    }

    /// `nil` where the rows are none of a curve.
    init?(matrix: Matrix) {
        guard matrix.columnCount == 4, matrix.elements.allSatisfy(\.isFinite) else { return nil }
        points = (0..<matrix.rowCount).map { epoch in
            let row = matrix.row(epoch), known = row.map { $0 < 0 ? nil : $0 }
            return Point(epoch: epoch, loss: known[0], accuracy: known[1], validationLoss: row[2], validationAccuracy: row[3])
        }
    }

    /// A drawing of losses (left) and accuracies (right) by epoch that any browser opens.
    public func svg(title: String) -> String {
        func line(_ name: String, _ value: (Point) -> Float?) -> Chart.Line {
            Chart.Line(name: name, points: points.compactMap { point in value(point).map { (Double(point.epoch), Double($0)) } })
        }
        let ticks = [0, points.last?.epoch ?? 1].map { (x: Double($0), text: "\($0)") }
        func chart(_ title: String, _ lines: [Chart.Line]) -> Chart {
            Chart(title: title, horizontal: "epoch", ticks: ticks, lines: lines, marked: Double(bestEpoch))
        }
        return Chart.svg(
            [
                chart("loss", [line("training") { $0.loss }, line("validation") { $0.validationLoss }]),
                chart(
                    "accuracy, %",
                    [line("training") { $0.accuracy.map { $0 * 100 } }, line("validation") { $0.validationAccuracy * 100 }]),
            ], title: title)
    }
}
