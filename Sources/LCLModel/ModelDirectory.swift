// SPDX-License-Identifier: Apache-2.0
import Foundation

/// `model.json`: what a model is made of. Schema `lcl/model/1`.
public struct ModelCard: Codable, Equatable, Sendable {
    public static let fileName = "model.json"

    public var schema: String
    public var name: String
    public var description: String
    public var licence: String
    /// File name to SHA-256 in hexadecimal: every file of the model, but for the card.
    public var files: [String: String]
    public var encoder: Encoder
    /// Absent where the model has no learned link map: only `prototype` works then.
    public var link: Link?

    public struct Encoder: Codable, Equatable, Sendable {
        /// `efficientnet-lite0`.
        public var architecture: String
        public var file: String
        /// Side of the square input, pixels.
        public var inputSize: Int
        /// Such as `d11.max`.
        public var taps: [String]
    }

    public struct Link: Codable, Equatable, Sendable {
        public var file: String
    }
}

/// A model on the disk: a directory with `model.json` and the files it names.
public struct ModelDirectory: Sendable {
    public let path: String
    public let card: ModelCard

    /// SHA-256 in hexadecimal over the card and the digests it names: what a result calls the model's `sha256`.
    public var identity: String { fatalError() }

    /// Reads and checks the card; the files' digests are checked by ``verify()``.
    public init(path: String) throws(ModelError) { fatalError() }

    /// The first model of this name on the search path.
    public static func find(_ name: String, in searchPath: [String] = ModelDirectory.searchPath()) throws(ModelError) -> ModelDirectory {
        fatalError()
    }

    /// All models on the search path; of two with one name, the first.
    public static func all(in searchPath: [String] = ModelDirectory.searchPath()) -> [ModelDirectory] { fatalError() }

    /// `explicit` (of a flag or a configuration), `$LCL_MODELS`, `/var/lib/lcld/models`, and `var/lib/lcld/models` of the
    /// source checkout that the executable was built in.
    public static func searchPath(explicit: String? = nil) -> [String] { fatalError() }

    /// Path of a file that the card names.
    public func path(of file: String) -> String { fatalError() }

    /// Every file is there and has the digest that the card says.
    public func verify() throws(ModelError) { fatalError() }

    /// The encoder's weights, its file's digest checked, and the card's taps.
    public func loadEncoder() throws(ModelError) -> (network: EfficientNetLite0, taps: [Tap]) { fatalError() }
}
