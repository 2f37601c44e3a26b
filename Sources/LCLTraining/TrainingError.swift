// SPDX-License-Identifier: Apache-2.0

/// Why pictures could not be trained on or evaluated.
public enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A folder cannot be listed, or a file of it not be read.
    case unreadable(path: String, reason: String)
    /// The folder is not laid out as classes of pictures.
    case layout(path: String, reason: String)
    /// Too few classes or pictures for what was asked.
    case tooFew(what: String, found: Int, needed: Int)
    /// The pictures of each class are all the same: nothing tells what varies inside a class.
    case alike
    /// The network has no such place to take features from.
    case tap(name: String)
    /// A list of pictures has a mistake.
    case list(path: String, line: Int, reason: String)
    /// A checkpoint cannot be gone on from.
    case checkpoint(reason: String)
    /// The file could not be written.
    case unwritable(path: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "unable to read '\(path)': \(reason)"
        case .layout(let path, let reason):
            "unable to find classes in '\(path)': \(reason); it must hold CLASS/*.png|jpg or SOURCE/CLASS/*.png|jpg"
        case .tooFew(let what, let found, let needed): "too few \(what): \(found), and \(needed) are needed"
        case .alike: "unable to learn from classes whose pictures are all the same; take different pictures of each"
        case .tap(let name): "unable to take features at '\(name)': the network has no such tap; d11.max, b10.mean and head.mean are taps"
        case .list(let path, let line, let reason): "unable to read the list '\(path)', line \(line): \(reason)"
        case .checkpoint(let reason): "unable to go on from the checkpoint: \(reason)"
        case .unwritable(let path, let reason): "unable to write '\(path)': \(reason)"
        }
    }
}
