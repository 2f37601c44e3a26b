// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LCLJob

/// What the command line says about a job, over what its manifest says.
struct ManifestOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The job's name, from which its id is made.", valueName: "text"))
    var name: String?
    @Option(help: ArgumentHelp("From -100 to 100; higher runs first. Write --priority=-5 for a negative one.", valueName: "number"))
    var priority: Int?
    @Option(help: ArgumentHelp("The model; `lcl model list` shows which there are.", valueName: "name"))
    var model: String?
    @Option(help: "How the supports are linked to the queries.")
    var method: Manifest.Method?
    @Flag(inversion: .prefixedNo, help: "Let the unlabelled queries sharpen what the labels look like.")
    var transductive: Bool?
    @Option(help: ArgumentHelp("When an answer is unknown: auto, off, or below a confidence from 0 to 1.", valueName: "when"))
    var unknown: Manifest.Unknown?
    @Option(help: ArgumentHelp("How many of the best labels each answer lists.", valueName: "count"))
    var top: Int?
    @Option(help: ArgumentHelp("The seed of what is drawn at random.", valueName: "number"))
    var seed: UInt64?
    @Option(help: ArgumentHelp("How many orders of the supports the method mllm reads and averages.", valueName: "count"))
    var orders: Int?
    @Option(help: ArgumentHelp("How long the job may wait: 90s, 30m, 24h, 7d.", valueName: "span"), transform: Self.seconds)
    var expires: Int?

    func validate() throws {
        if let priority, !(-100...100).contains(priority) { throw ValidationError("--priority is a number from -100 to 100") }
        if let orders, !(1...Manifest.maximumOrders).contains(orders) { throw ValidationError("--orders is from 1 to \(Manifest.maximumOrders)") }
        if let top, top < 1 { throw ValidationError("--top is 1 or more") }
    }

    func apply(to manifest: inout Manifest) {
        manifest.name = name ?? manifest.name
        manifest.model = model ?? manifest.model
        manifest.method = method ?? manifest.method
        manifest.options.priority = priority ?? manifest.options.priority
        manifest.options.transductive = transductive ?? manifest.options.transductive
        manifest.options.unknown = unknown ?? manifest.options.unknown
        manifest.options.top = top ?? manifest.options.top
        manifest.options.seed = seed ?? manifest.options.seed
        if let seed { manifest.training?.seed = seed }
        manifest.options.orders = orders ?? manifest.options.orders
        manifest.options.expires = expires ?? manifest.options.expires
    }

    /// What is asked for that a training has no use for, or `nil`.
    var answering: String? {
        let given: [(String, Bool)] = [
            ("--method", method != nil), ("--transductive", transductive != nil), ("--unknown", unknown != nil), ("--top", top != nil),
            ("--orders", orders != nil),
        ]
        return given.first { $0.1 }?.0
    }

    private static func seconds(_ text: String) throws -> Int {
        guard let seconds = Span.seconds(text) else { throw ValidationError("'\(text)' is no span such as 90s, 30m, 24h or 7d") }
        return seconds
    }
}

extension Manifest.Method: ExpressibleByArgument {}

extension Manifest.Unknown: ExpressibleByArgument {
    public init?(argument: String) {
        switch argument {
        case "auto": self = .auto
        case "off": self = .off
        default:
            guard let confidence = Double(argument), (0...1).contains(confidence) else { return nil }
            self = .below(confidence)
        }
    }
}
