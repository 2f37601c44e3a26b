// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLImage

struct BenchDecode: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "Picture files a second, from disk to the network's input.")

    @OptionGroup var pictures: PictureBench

    @Option(help: "Side of the prepared pictures, in pixels.")
    var side = 224

    func validate() throws {
        guard (1...4096).contains(side) else { throw ValidationError("the side must be 1 to 4096") }
    }

    func run() throws {
        try pictures.run(title: "decode to \(side) x \(side)") {
            let reader = PictureReader(side: side)
            let pixels = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: reader.preparedCount)
            return (read: { try reader.prepare($0, into: pixels) }, finish: { pixels.deallocate() })
        }
    }
}
