// SPDX-License-Identifier: Apache-2.0
import LCLModel
import Testing

@Suite struct TapTests {
    @Test(arguments: ["d0.max", "d11.max", "b10.mean", "head.mean", "head.max", "closer.d11.max", "closer.head.mean", "doubt"])
    func tap_isRead_asItIsWritten(text: String) { #expect(Tap(text)?.description == text) }

    @Test(arguments: ["", "d", "d.max", "d11", "d11.", "d11.min", "x1.max", "d-1.max", "d1x.max", "d111.max", "head", "d1.max.max", "d+1.max", "closer", "closer.", "closer.doubt", "closer.closer.d1.max", "doubt.max"])
    func text_isNoTap_whenAPartIsWrong(text: String) { #expect(Tap(text) == nil) }

    @Test func dimension_isThatOfThePaper() {
        #expect(EfficientNetLite0.dimension(of: .depthwise(block: 11, .max)) == 672)
        #expect(EfficientNetLite0.dimension(of: .depthwise(block: 15, .max)) == 1152)
        #expect(EfficientNetLite0.dimension(of: .output(block: 15, .mean)) == 320)
        #expect(EfficientNetLite0.dimension(of: .head(.mean)) == 1280)
        #expect(EfficientNetLite0.dimension(of: .output(block: 16, .max)) == nil)
        #expect(EfficientNetLite0.dimension(of: .closer(.head(.mean))) == nil, "not without a mask")
        #expect(["closer.d11.max", "closer.d16.max", "doubt", "d11.max"].map { Tap($0)?.width } == [672, nil, 1, 672])
    }
}
