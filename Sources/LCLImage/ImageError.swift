// SPDX-License-Identifier: Apache-2.0

/// Why a file gives no picture. The text says what was found and what to do about it; it does not know the file's name.
public enum ImageError: Error, Hashable, Sendable {
    /// The file has no bytes.
    case empty
    /// Not a JPEG or PNG, by content: `found` is what it looks like ("a GIF picture", "text", "an unknown format").
    case unsupported(found: String)
    /// The file ends before its picture does.
    case truncated(ImageFormat, detail: String)
    /// The file contradicts its format.
    case corrupt(ImageFormat, detail: String)
    /// More than ``ImageLimits`` allows.
    case tooLarge(what: String)
    /// The process has no memory left for it: another one may have.
    case noMemory(what: String)

    /// The case alone: what callers map to their own stable codes.
    public enum Kind: String, CaseIterable, Sendable {
        case empty, unsupported, truncated, corrupt
        case tooLarge = "too_large"
    }

    public var kind: Kind {
        switch self {
        case .empty: .empty
        case .unsupported: .unsupported
        case .truncated: .truncated
        case .corrupt: .corrupt
        case .tooLarge, .noMemory: .tooLarge
        }
    }
}

extension ImageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .empty: "the file is empty; copy it again"
        case .unsupported(let found): "the file is \(found), by its content; convert it to JPEG or PNG"
        case .truncated(let format, let detail): "the \(format) file ends early (\(detail)); copy it again"
        case .corrupt(let format, let detail): "the \(format) file is damaged (\(detail)); save it again from its source"
        case .tooLarge(let what): "the picture is too large: \(what); scale it down"
        case .noMemory(let what): "no memory is left for \(what); scale it down, or allow more"
        }
    }
}
