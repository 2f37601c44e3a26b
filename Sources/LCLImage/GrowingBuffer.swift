// SPDX-License-Identifier: Apache-2.0

/// Plain values that are allocated once and grow when asked; 16-byte aligned, as the C kernels want them.
final class GrowingBuffer<Element: BitwiseCopyable> {
    private(set) var base = UnsafeMutablePointer<Element>.allocate(capacity: 4)
    private var capacity = 4

    /// Makes room for `count` values; what they hold is lost.
    func reserve(_ count: Int) {
        guard count > capacity else { return }
        base.deallocate()
        base = .allocate(capacity: count)
        capacity = count
    }

    deinit { base.deallocate() }
}
