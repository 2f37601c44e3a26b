// SPDX-License-Identifier: Apache-2.0

/// How a stored picture must be turned to stand upright: EXIF 2.3, tag 0x0112.
///
/// Values 5 to 8 swap the axes; after that the picture may be mirrored along either.
struct Orientation: Equatable {
    let swapsAxes: Bool
    /// Upright x runs against the stored axis it comes from.
    let mirrorsX: Bool
    let mirrorsY: Bool

    /// Anything but 2 to 8 is upright.
    init(exif value: Int) {
        swapsAxes = (5...8).contains(value)
        mirrorsX = [2, 3, 6, 7].contains(value)
        mirrorsY = [3, 4, 7, 8].contains(value)
    }

    /// Whether the stored horizontal (or vertical) axis runs against the upright axis that it becomes.
    var mirrorsStoredX: Bool { swapsAxes ? mirrorsY : mirrorsX }
    var mirrorsStoredY: Bool { swapsAxes ? mirrorsX : mirrorsY }

    /// Copies a square picture of side x side x 3 bytes from the stored to the upright frame.
    func turn(_ stored: UnsafePointer<UInt8>, into upright: UnsafeMutablePointer<UInt8>, side: Int) {
        let along = 3 * (swapsAxes ? side : 1), down = 3 * (swapsAxes ? 1 : side)
        var target = upright
        for y in 0..<side {
            let row = stored + (mirrorsY ? side - 1 - y : y) * down
            for x in 0..<side {
                let pixel = row + (mirrorsX ? side - 1 - x : x) * along
                for channel in 0..<3 { target[channel] = pixel[channel] }
                target += 3
            }
        }
    }
}
