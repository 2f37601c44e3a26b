// SPDX-License-Identifier: Apache-2.0

/// What a picture may ask of us, checked against its header before anything is allocated for its pixels.
public struct ImageLimits: Hashable, Sendable {
    /// Width x height, in pixels as stored.
    public var pixels = 50_000_000
    /// The longer side, in pixels.
    public var side = 16_384
    /// The longer side over the shorter.
    public var aspect = 64
    /// The whole file, in bytes.
    public var bytes = 64 << 20
    /// Scans of a progressive JPEG. Encoders write about ten; each costs a pass over the whole picture.
    public var scans = 64

    public init() {}
}
