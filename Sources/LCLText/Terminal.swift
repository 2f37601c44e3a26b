// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// Where text goes: standard output or standard error, and what the thing at its end can show.
package struct Terminal: Sendable {
    package static let output = Terminal(descriptor: STDOUT_FILENO)
    package static let errors = Terminal(descriptor: STDERR_FILENO)

    private let descriptor: Int32
    /// A person watches.
    package let isInteractive: Bool
    package let hasColour: Bool

    package init(descriptor: Int32, environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.descriptor = descriptor
        isInteractive = isatty(descriptor) == 1 && environment["TERM"] != "dumb"
        // https://no-color.org: any value but the empty one.
        hasColour = isInteractive && (environment["NO_COLOR"] ?? "").isEmpty
    }

    package func print(_ text: String) throws(OutputError) { try write(Data((text + "\n").utf8)) }

    /// All of `bytes`, or an error: a full disk behind `>` is not success.
    package func write(_ bytes: Data) throws(OutputError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw OutputError(errno: errno)
            }
        }
    }
}

/// What is written could not be written.
package struct OutputError: Error, CustomStringConvertible {
    let errno: Int32

    /// The reader has gone, as with `lclctl list | head`: nobody is left to be told.
    package var isReaderGone: Bool { errno == EPIPE }
    package var description: String { "unable to write the output: \(String(cString: strerror(errno)))" }
}

extension Terminal {
    /// `text` with everything that a terminal would obey, and everything that reorders what a person reads, made visible:
    /// names come from strangers.
    package static func escape(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isHarmful) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            if isHarmful(scalar) {
                escaped += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<32, 127..<160: true
        // Line and paragraph separators; marks, embeddings, overrides and isolates of direction; the byte order mark.
        case 0x2028, 0x2029, 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    /// How many columns `text` takes: East Asian wide characters and emoji two, combining marks none.
    package static func width(of text: String) -> Int {
        text.reduce(0) { $0 + (isWide($1) ? 2 : 1) }
    }

    private static func isWide(_ character: Character) -> Bool {
        guard let scalar = character.unicodeScalars.first else { return false }
        if scalar.properties.isEmojiPresentation { return true }
        return switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x20000...0x3FFFD: true
        default: false
        }
    }
}

/// The few colours that mean something (SGR codes, console_codes(4)).
package enum Colour: String, Sendable {
    case bold = "1"
    case good = "32"
    case bad = "31"
    case doubtful = "33"
    case quiet = "2"

    /// `text` in this colour where `enabled`.
    package func paint(_ text: String, _ enabled: Bool) -> String { enabled ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text }
}
