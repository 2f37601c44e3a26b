// SPDX-License-Identifier: Apache-2.0

/// One name in a directory, as the bytes that the kernel keeps: any but `/` and NUL, not always UTF-8.
public struct EntryName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let bytes: [UInt8]

    public init(bytes: [UInt8]) {
        precondition(!bytes.isEmpty && !bytes.contains(0) && !bytes.contains(UInt8(ascii: "/")), "one component of a path")
        self.bytes = bytes
    }

    public init(_ text: String) { self.init(bytes: Array(text.utf8)) }

    /// For people: what is not UTF-8 shows as U+FFFD.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The name as text, or `nil` where it is not UTF-8.
    public var text: String? { String(validating: bytes, as: UTF8.self) }

    public var isHidden: Bool { bytes[0] == UInt8(ascii: ".") }

    public func hasSuffix(_ suffix: String) -> Bool { bytes.count > suffix.utf8.count && bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) }

    public static func < (a: EntryName, b: EntryName) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

    func withCString<T>(_ body: (UnsafePointer<CChar>) -> T) -> T {
        (bytes + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
    }
}
