// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel

extension TestModels {
    /// A model of the standard encoder's early features, without a link file: what trains in a moment.
    package static func makeSmallBase(_ name: String = "small", in directory: URL) throws {
        let standard = try ModelDirectory.find("default"), home = directory.appending(path: name), encoder = try standard.encoder().file
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        let file = home.appending(path: encoder).path
        do { try FileManager.default.linkItem(atPath: standard.path(of: encoder), toPath: file) } catch {
            try FileManager.default.copyItem(atPath: standard.path(of: encoder), toPath: file)
        }
        var card = standard.card
        (card.name, card.description, card.link) = (name, "early features", nil)
        card.files = card.files.filter { $0.key == encoder }
        (card.encoder!.taps, card.encoder!.closer) = (["d3.max"], nil)
        try card.encoded().write(to: home.appending(path: ModelCard.fileName))
    }
}
