// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A setting that a reload may change while others read it.
final class Live<Value: Sendable>: Sendable {
    private let box: Mutex<Value>

    init(_ value: Value) { box = Mutex(value) }

    var value: Value {
        get { box.withLock { $0 } }
        set { box.withLock { $0 = newValue } }
    }
}
