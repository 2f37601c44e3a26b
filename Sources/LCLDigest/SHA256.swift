// SPDX-License-Identifier: Apache-2.0
import CKernels
import Foundation

/// SHA-256 (FIPS 180-4) of raw bytes, streaming or at once.
///
/// Our own kernel rather than a package: the usual one builds all of BoringSSL for a single hash.
public struct SHA256: Sendable {
    /// The compression function that this processor runs fastest.
    private static let fastest = lcl_kernels_best().pointee.sha256!

    /// FIPS 180-4, 5.3.3: the fractions of the square roots of the first 8 primes.
    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    /// Bytes that do not fill a block of 64 yet.
    private var pending: [UInt8] = []
    private var length: UInt64 = 0
    private let compress: @convention(c) (UnsafeMutablePointer<UInt32>?, UnsafePointer<UInt8>?, Int) -> Void

    public init() { compress = Self.fastest }

    /// On the portable kernel, whatever the processor: for tests.
    package init(plain: Void) { compress = lcl_kernels_plain().pointee.sha256 }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        length += UInt64(bytes.count)
        var rest = bytes[...]
        if !pending.isEmpty {
            let fill = rest.prefix(64 - pending.count)
            pending.append(contentsOf: fill)
            rest = rest.dropFirst(fill.count)
            guard pending.count == 64 else { return }
            compress(&state, pending, 1)
            pending.removeAll(keepingCapacity: true)
        }
        let blocks = rest.count / 64
        if blocks > 0 {
            let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress!
            compress(&state, start.assumingMemoryBound(to: UInt8.self), blocks)
        }
        pending.append(contentsOf: rest.dropFirst(blocks * 64))
    }

    public mutating func update(_ bytes: some ContiguousBytes) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of everything fed so far; the stream may go on afterwards.
    public func finalize() -> Digest {
        var padded = self
        let zeros = (119 - Int(length % 64)) % 64
        padded.update([0x80] + [UInt8](repeating: 0, count: zeros))
        padded.update(withUnsafeBytes(of: (length * 8).bigEndian) { [UInt8]($0) })
        return Digest(bytes: padded.state.flatMap { word in withUnsafeBytes(of: word.bigEndian) { [UInt8]($0) } })
    }

    public static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }

    public static func hash(_ bytes: some ContiguousBytes) -> Digest {
        bytes.withUnsafeBytes { hash($0) }
    }

    /// 32 bytes.
    public struct Digest: Hashable, Sendable, CustomStringConvertible {
        public let bytes: [UInt8]

        /// 64 lower-case hexadecimal digits.
        public var hex: String {
            let digits = Array("0123456789abcdef")
            return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
        }

        public var description: String { hex }
    }
}
