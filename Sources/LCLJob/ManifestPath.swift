// SPDX-License-Identifier: Apache-2.0

/// The door through which paths in a manifest pass. The kernel has the last word (files are opened beneath the job's
/// directory, without following links); this one gives the better message, before anything is opened.
public enum ManifestPath {
    public static let maximumLength = 4096

    /// Where a manifest's pictures may lie.
    public enum Rule: Sendable {
        /// Beside the manifest, in the job's own directory.
        case beneath
        /// Absolute, in folders that the daemon's configuration allows: a bare `NAME.json`.
        case absolute
    }

    /// Why `path` is refused, or `nil`.
    public static func refusal(of path: String, rule: Rule) -> String? {
        let components = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if path.isEmpty { return "is empty" }
        if components.allSatisfy(\.isEmpty) { return "names no file" }
        if path.utf8.count > maximumLength { return "is longer than \(maximumLength) bytes" }
        if path.unicodeScalars.contains(where: \.isControl) { return "has control characters" }
        if !path.isComparable { return "has more than \(String.maximumMarks) combining marks in a row" }
        if components.contains(where: { $0.elementsEqual("..".utf8) }) { return "has a '..' in it" }
        if components.contains(where: { Substring($0).joinsSlash }) { return "has a name that begins with a combining mark" }
        switch (rule, path.hasPrefix("/")) {
        case (.beneath, true): return "is absolute; paths are relative to the job's directory"
        case (.absolute, false): return "is relative; a bare manifest names its pictures by absolute paths"
        // Beside `/a` it would be one file under two names.
        case (.absolute, true) where path.hasPrefix("//"): return "begins with '//'"
        default: return nil
        }
    }

    /// Files that file managers leave behind, and hidden ones: never pictures of a job.
    public static func isIgnored(_ path: String) -> Bool {
        path.split(separator: "/").contains { $0.hasPrefix(".") }
            || path.hasSuffix("Thumbs.db") || path.hasSuffix("desktop.ini")
    }
}

extension String {
    /// The stream-safe format's bound (Unicode, UAX #15, 13): no language comes near it.
    package static let maximumMarks = 30

    /// Whether it can be compared and hashed in time that grows with its length: it has no more than ``maximumMarks`` combining marks in a row.
    package var isComparable: Bool {
        // U+0300 is the first mark.
        guard utf8.contains(where: { $0 >= 0xCC }) else { return true }
        var run = 0
        for scalar in unicodeScalars {
            run = scalar.isMark ? run + 1 : 0
            if run > Self.maximumMarks { return false }
        }
        return true
    }

    /// Its beginning, of at most so many bytes: what is shown of a text that may be of any length. A character may have any number of scalars.
    package func quoted(_ bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: bytes)
        while end.samePosition(in: unicodeScalars) == nil { utf8.formIndex(before: &end) }
        return String(unicodeScalars[..<end])
    }
}

extension StringProtocol {
    /// Whether a `/` before it and its first scalar are one character: as a name it could not be told from its folder.
    package var joinsSlash: Bool { ("/" + self.prefix(1)).count < 1 + self.prefix(1).count }
}

extension Unicode.Scalar {
    /// U+0000 to U+001F and U+007F to U+009F: in no name that we take, be it of a file, a label or a job.
    package var isControl: Bool { value < 32 || (127...159).contains(value) }

    /// Combining: it is ordered among its neighbours before texts are compared.
    package var isMark: Bool { value >= 0x300 && properties.canonicalCombiningClass != .notReordered }
}
