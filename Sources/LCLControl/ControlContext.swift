// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore

/// What a route knows of its request: above all, who asks.
struct ControlContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// Set by ``Gate`` before any route runs.
    private var identified: Caller?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    var caller: Caller {
        get {
            guard let identified else { preconditionFailure("a route ran before its caller was identified") }
            return identified
        }
        set { identified = newValue }
    }
}
