// SPDX-License-Identifier: Apache-2.0
import LCLTraining
import Testing

private let side = 32

/// Red grows to the right, green downwards, blue is a chequered pattern.
private let picture: [UInt8] = {
    var pixels: [UInt8] = []
    for y in 0..<side {
        for x in 0..<side {
            let isLight = (x / 4 + y / 4) % 2 == 1
            pixels += [UInt8(x * 8), UInt8(y * 8), isLight ? 200 : 40]
        }
    }
    return pixels
}()

private func none() -> Augmentation {
    var augmentation = Augmentation()
    (augmentation.crop, augmentation.flips, augmentation.degrees, augmentation.colour) = (1, false, 0, 0)
    return augmentation
}

private func varied(_ augmentation: Augmentation, picture number: Int = 0, view: Int = 1) -> [UInt8] {
    var pixels = picture
    pixels.withUnsafeMutableBufferPointer { augmentation.apply(to: $0, side: side, picture: number, view: view) }
    return pixels
}

private func red(_ pixels: [UInt8], _ x: Int, _ y: Int) -> Int { Int(pixels[(y * side + x) * 3]) }

@Test func augmentation_leavesThePictureAlone_whenNothingIsAskedFor() {
    #expect(varied(none()) == picture)
}

@Test func flip_mirrorsHalfOfTheViews_exactly() {
    var augmentation = none()
    augmentation.flips = true
    var mirrored = picture
    for y in 0..<side {
        for x in 0..<side {
            for channel in 0..<3 { mirrored[(y * side + x) * 3 + channel] = picture[(y * side + side - 1 - x) * 3 + channel] }
        }
    }
    let views = (0..<200).map { varied(augmentation, view: $0) }
    #expect(views.allSatisfy { $0 == picture || $0 == mirrored })
    #expect((70...130).contains(views.count { $0 == mirrored }))
}

@Test func crop_keepsAPartInside_andEnlargesIt() {
    var augmentation = none()
    augmentation.crop = 0.5
    var narrowest = 255
    for view in 0..<100 {
        let pixels = varied(augmentation, view: view)
        let span = red(pixels, side - 1, 5) - red(pixels, 0, 5)
        #expect(span >= 8 * side / 2 - 12 && span <= 8 * (side - 1), "between half and all of the ramp")
        narrowest = min(narrowest, span)
    }
    #expect(narrowest < 8 * side * 6 / 10)
}

@Test func rotation_turnsAboutTheMiddle() {
    var augmentation = none()
    augmentation.degrees = 30
    var steepest = 0.0
    for view in 0..<100 {
        let pixels = varied(augmentation, view: view)
        let across = Double(red(pixels, 20, 16) - red(pixels, 12, 16)), down = Double(red(pixels, 16, 20) - red(pixels, 16, 12))
        #expect(abs((across * across + down * down).squareRoot() - 64) < 3, "the ramp keeps its slope")
        #expect(abs(down) <= 64 * 0.5 + 3, "30 degrees at most")
        steepest = max(steepest, abs(down))
    }
    #expect(steepest > 64 * 0.4)
}

@Test func colour_changesLight_butNoPlaces() {
    var augmentation = none()
    augmentation.colour = 0.5
    for view in 0..<20 {
        let pixels = varied(augmentation, view: view)
        #expect(pixels != picture)
        let mean = pixels.reduce(0.0) { $0 + Double($1) } / picture.reduce(0.0) { $0 + Double($1) }
        #expect(mean > 0.6 && mean < 1.6)
    }
}

@Test func augmentation_dependsOnSeedPictureAndViewAlone() {
    let augmentation = Augmentation()
    #expect(varied(augmentation) == varied(augmentation))
    var other = augmentation
    other.seed = 2
    #expect(Set([varied(augmentation), varied(other), varied(augmentation, picture: 1), varied(augmentation, view: 2)]).count == 4)
}
