// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDigest
import Testing

/// Vectors of NIST, "Secure Hash Standard examples" (FIPS 180) and the SHA-2 validation suite.
@Suite struct SHA256Tests {
    static let vectors: [(message: [UInt8], digest: String)] = [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (Array("abc".utf8), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            Array("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu".utf8),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
        ([0xbd], "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"),
    ]

    @Test(arguments: vectors) func digest_isNISTs(message: [UInt8], digest: String) {
        #expect(SHA256.hash(message).hex == digest)
    }

    @Test(arguments: vectors) func digest_isNISTs_onThePortableKernel(message: [UInt8], digest: String) {
        var hash = SHA256(plain: ())
        hash.update(message)
        #expect(hash.finalize().hex == digest)
    }

    @Test func digest_isNISTs_ofAMillionLetters() {
        let digest = SHA256.hash([UInt8](repeating: 0x61, count: 1_000_000))
        #expect(digest.hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func digest_isTheSame_howeverTheStreamIsCut() {
        let message = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let whole = SHA256.hash(message)
        for cut in 0...message.count {
            var hash = SHA256()
            hash.update(message[..<cut])
            hash.update(message[cut...])
            #expect(hash.finalize() == whole, "cut at \(cut)")
        }
    }

    @Test func stream_goesOn_afterItsDigestWasTaken() {
        var hash = SHA256()
        hash.update(Array("ab".utf8))
        _ = hash.finalize()
        hash.update(Array("c".utf8))
        #expect(hash.finalize() == SHA256.hash(Array("abc".utf8)))
    }

    @Test func kernels_agree_onEveryLengthUpToThreeBlocks() {
        for length in 0...192 {
            let message = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ length) }
            var plain = SHA256(plain: ())
            plain.update(message)
            #expect(plain.finalize() == SHA256.hash(Data(message)), "\(length) bytes")
        }
    }
}
