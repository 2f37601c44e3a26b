// SPDX-License-Identifier: Apache-2.0

/// How a language model read a job's support set, and how much its answers hang on the order.
public struct ConversationReport: Codable, Equatable, Sendable {
    /// Positions of the language model that the support set takes.
    public var positions: Int
    /// Orders of the support set whose scores were averaged.
    public var orders: Int
    /// `paper`, `chat`, `compact`, or `own` where the model's card spells it out.
    public var template: String
    /// Mean over the answered queries of the share of orders that answer otherwise, 0 to 1; `nil` of one order, which says nothing.
    public var orderSensitivity: Double?

    public init(positions: Int, orders: Int, template: String) {
        self.positions = positions
        self.orders = orders
        self.template = template
    }

    func measured(by verdicts: [Verdict]) -> ConversationReport {
        var report = self
        let shares = verdicts.compactMap(\.answer?.orderSensitivity)
        report.orderSensitivity = shares.isEmpty ? nil : (shares.reduce(0, +) / Double(shares.count)).published
        return report
    }
}
