// SPDX-License-Identifier: Apache-2.0
import CKernels
import Foundation

/// SHA-256 (FIPS 180-4) of raw bytes, streaming or at once.
///
/// Our own kernel rather than a package: the usual ones build all of BoringSSL for one hash.
public struct SHA256: Sendable {
    public init() {}

    public mutating func update(_ bytes: UnsafeRawBufferPointer) { fatalError() }

    public mutating func update(_ bytes: some ContiguousBytes) { fatalError() }

    /// The digest of everything fed so far; the stream may go on afterwards.
    public func finalize() -> Digest { fatalError() }

    public static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest { fatalError() }

    public static func hash(_ bytes: some ContiguousBytes) -> Digest { fatalError() }

    /// 32 bytes.
    public struct Digest: Hashable, Sendable, CustomStringConvertible {
        public let bytes: [UInt8]

        /// 64 lower-case hexadecimal digits.
        public var hex: String { fatalError() }

        public var description: String { hex }
    }
}
