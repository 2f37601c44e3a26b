// SPDX-License-Identifier: Apache-2.0
import LCLImage
import LCLJob

/// Where a job's pictures come from: the daemon's private snapshot, or a directory of the user's.
public protocol PictureSource {
    /// The bytes of a picture by its path in the manifest, valid during `body`.
    /// - Throws: ``Failure`` with an `image.` code.
    func withBytes<R>(of path: String, _ body: (UnsafeRawBufferPointer) -> R) throws(Failure) -> R
}

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
