// SPDX-License-Identifier: Apache-2.0

/// A door through which bytes from outside come in. Each takes any bytes at all.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Bytes to the network's input, by the decoder of their format.
    case jpeg, png
    /// What a picture says of its orientation.
    case exif
    /// A GGUF file as it is, loaded as every kind of model.
    case gguf
    /// Good model files with a few things wrong, loaded as every kind of model.
    case model
    /// Any text, by small vocabularies of every tokenizer.
    case text
    /// `job.json`.
    case manifest
    /// The names of a job's files, and patterns over them.
    case layout
    /// What a worker that was taken over may say to the daemon.
    case worker
    /// Our own records, and the messages of the control socket both ways.
    case records

    /// This door, open: it keeps what one reader of many files keeps. For one thread at a time.
    package func open() throws -> any FuzzDoor {
        switch self {
        case .jpeg, .png: PictureDoor()
        case .exif: ExifDoor()
        case .gguf: GGUFDoor()
        case .model: ModelDoor()
        case .text: try TextDoor()
        case .manifest: ManifestDoor()
        case .layout: LayoutDoor()
        case .worker: WorkerDoor()
        case .records: RecordsDoor()
        }
    }
}

package protocol FuzzDoor: AnyObject {
    /// Takes one input, whatever it is.
    /// - Throws: ``Violation`` where what came of it breaks a promise. A refusal with the module's own typed error is no violation.
    func check(_ input: [UInt8]) throws
}

/// A promise that did not hold.
package struct Violation: Error, CustomStringConvertible {
    package let description: String
}

func require(_ condition: Bool, _ promise: @autoclosure () -> String) throws(Violation) {
    guard condition else { throw Violation(description: promise()) }
}

/// What `body` makes, or `nil` where it refuses with the typed error that it promises; any other error goes on.
func unlessRefused<T, Refusal: Error>(_: Refusal.Type, _ body: () throws -> T) throws -> T? {
    do { return try body() } catch is Refusal { return nil }
}
