// SPDX-License-Identifier: Apache-2.0
import TestPictures

/// Requests with a few things wrong: good ones, spoiled at random, the same for the same seed.
struct RequestMutator {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private static let good: [String] = [
        "GET /v1 HTTP/1.1\r\nHost: lcld\r\n\r\n",
        "GET /v1/status HTTP/1.1\r\nHost: lcld\r\nConnection: close\r\n\r\n",
        "GET /v1/jobs?state=queued,running&limit=10&cursor=5 HTTP/1.1\r\nHost: lcld\r\n\r\n",
        "GET /v1/jobs?user=1000 HTTP/1.1\r\nHost: lcld\r\n\r\n",
        "GET /v1/jobs/mine HTTP/1.1\r\nHost: lcld\r\n\r\n",
        "GET /v1/jobs/mine/result HTTP/1.1\r\nHost: lcld\r\nRange: bytes=0-9\r\n\r\n",
        "GET /v1/jobs/mine/log?limit=3 HTTP/1.1\r\nHost: lcld\r\n\r\n",
        "GET /v1/jobs/done/watch HTTP/1.1\r\nHost: lcld\r\n\r\n",
        "POST /v1/jobs/theirs/cancel HTTP/1.1\r\nHost: lcld\r\nContent-Length: 0\r\n\r\n",
        "POST /v1/jobs/mine/hold HTTP/1.1\r\nHost: lcld\r\nContent-Length: 2\r\n\r\n{}",
        "PUT /v1/jobs/mine/priority HTTP/1.1\r\nHost: lcld\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"priority\":10}",
        "PUT /v1/jobs/mine/priority HTTP/1.1\r\nHost: lcld\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"priority\":-10}\r\n0\r\n\r\n",
        "POST /v1/pause HTTP/1.1\r\nHost: lcld\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
    ]

    private static let words: [[UInt8]] = [
        "\r\n", "\n", "\r\n\r\n", "\0", " ", ":", "%00", "%2e%2e", "/../", "//", "?", "&", "#", "=", "HTTP/1.0", "HTTP/2.0", "http://lcld/v1", "*",
        "Content-Length: 18446744073709551616\r\n", "Content-Length: -1\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: +1\r\n",
        "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: identity\r\n", "Transfer-Encoding : chunked\r\n",
        "Connection: upgrade\r\nUpgrade: h2c\r\n", "Upgrade: websocket\r\n", "Expect: 100-continue\r\n", "Host: \r\n", "Cookie: a=b\r\n",
        "ffffffffffffffff\r\n", "0\r\n\r\n", "-1\r\n", "1;x=y\r\n", "limit=99999999999999999999", "limit=0", "state=", "cursor=%", "user=-1", "user=4294967295",
        "CONNECT", "TRACE", "OPTIONS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "{\"priority\":1e999}", "{\"priority\":", "\u{FEFF}", "\u{1F980}", "PUT", "DELETE",
    ].map { Array($0.utf8) }

    /// The next input: one request or several in a row, with none to a few mutations.
    mutating func next() -> [UInt8] {
        var bytes = (0..<Int.random(in: 1...3, using: &random)).flatMap { _ in Array(Self.good.randomElement(using: &random)!.utf8) }
        for _ in 0..<Int.random(in: 0...6, using: &random) { mutate(&bytes) }
        return bytes
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let at = Int.random(in: bytes.indices, using: &random), length = Int.random(in: 1...16, using: &random)
        let part = at..<min(at + length, bytes.count)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes.removeSubrange(part)
        case 3: bytes.insert(contentsOf: bytes[part], at: at)
        case 4, 5: bytes.insert(contentsOf: Self.words.randomElement(using: &random)!, at: at)
        case 6: bytes.replaceSubrange(part, with: Self.words.randomElement(using: &random)!)
        case 7: bytes.removeSubrange(at...)
        default: bytes.insert(contentsOf: [UInt8](repeating: bytes[at], count: Int.random(in: 1...20_000, using: &random)), at: at)
        }
    }
}
