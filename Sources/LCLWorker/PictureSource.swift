// SPDX-License-Identifier: Apache-2.0
import LCLImage
import LCLJob
import LCLSpool

/// Where a job's pictures come from: the daemon's private snapshot, or a directory of the user's.
public protocol PictureSource: Sendable {
    /// All bytes of the picture with this path in the manifest.
    /// - Throws: ``Failure`` with an `image.` code.
    func read(_ path: String, upTo limit: Int) throws(Failure) -> [UInt8]
}

extension JobDirectory: PictureSource {}

extension Failure {
    /// What a picture's error is called in a result.
    init(_ error: ImageError, path: String) {
        let code: Code =
            switch error.kind {
            case .empty: .imageEmpty
            case .unsupported: .imageUnsupported
            case .truncated: .imageTruncated
            case .corrupt: .imageCorrupt
            case .tooLarge: .imageTooLarge
            }
        self.init(code, "'\(path)': \(error)", subject: path)
    }
}
