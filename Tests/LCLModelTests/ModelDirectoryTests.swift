// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDigest
import LCLModel
import Testing

@Suite struct ModelDirectoryTests {
    private let directory: TemporaryDirectory
    private let file = GGUFWriter(architecture: "efficientnet-lite0").encoded()

    init() throws { directory = try TemporaryDirectory() }

    /// A model `small` with one file, its card changed by `change`.
    private func make(_ change: (inout [String: Any]) -> Void = { _ in }) throws {
        var card: [String: Any] = [
            "schema": "lcl/model/1", "name": "small", "description": "for tests", "licence": "Apache-2.0",
            "files": ["encoder.gguf": SHA256.hash(file).hex],
            "encoder": ["architecture": "efficientnet-lite0", "file": "encoder.gguf", "inputSize": 224, "taps": ["d11.max", "head.mean"]],
        ]
        change(&card)
        try directory.write(JSONSerialization.data(withJSONObject: card, options: .sortedKeys), to: "models/small/model.json")
        try directory.write(file, to: "models/small/encoder.gguf")
    }

    private var path: [String] { [directory.path + "/absent", directory.path + "/models"] }

    @Test func find_readsTheCard_ofTheFirstOnThePath() throws {
        try make()
        let model = try ModelDirectory.find("small", in: path)
        #expect(try model.encoder().taps == ["d11.max", "head.mean"] && model.path == directory.path + "/models/small")
        #expect(model.identity.count == 64)
        try model.verify()
    }

    @Test(arguments: ["../small", "", ".hidden", "a/b", "a b", "-rf", String(repeating: "x", count: 65)])
    func find_refusesNames_thatAreNoPlainPathComponent(name: String) throws {
        try make()
        let error = #expect(throws: ModelError.self) { try ModelDirectory.find(name, in: path) }
        #expect(error?.kind == .badName)
    }

    @Test func find_saysWhereItLooked_whenThereIsNoSuchModel() throws {
        let error = #expect(throws: ModelError.self) { try ModelDirectory.find("large", in: path) }
        #expect(error?.kind == .notFound && error?.reason.contains(directory.path + "/models") == true)
    }

    @Test func all_listsGoodAndBadModels() throws {
        try make()
        try directory.write(Array("{".utf8), to: "models/broken/model.json")
        let found = ModelDirectory.all(in: path)
        #expect(found.map(\.name) == ["broken", "small"])
        #expect((try? found[0].model.get()) == nil && (try? found[1].model.get()) != nil)
    }

    @Test func verify_namesTheFile_whoseBytesChanged() throws {
        try make()
        try directory.write(file + [0], to: "models/small/encoder.gguf")
        let error = #expect(throws: ModelError.self) { try ModelDirectory.find("small", in: path).verify() }
        #expect(error?.kind == .digestMismatch && error?.file.hasSuffix("small/encoder.gguf") == true)
    }

    @Test func verify_namesTheFile_thatIsMissing() throws {
        try make { $0["files"] = ["encoder.gguf": SHA256.hash(file).hex, "link.gguf": SHA256.hash(file).hex] }
        let error = #expect(throws: ModelError.self) { try ModelDirectory.find("small", in: path).verify() }
        #expect(error?.kind == .notFound && error?.file.hasSuffix("small/link.gguf") == true)
    }

    @Test func loadEncoder_throws_whenTheFileIsNotTheNetwork() throws {
        try make()
        let error = #expect(throws: ModelError.self) { try ModelDirectory.find("small", in: path).loadEncoder() }
        #expect(error?.kind == .wrongContent && error?.item == "efficientnet-lite0.input_size")
    }

    private static let mistakes: [(field: String, value: String)] = [
        ("schema", #""lcl/model/2""#), ("name", #""../x""#), ("name", #""other""#), ("description", "null"),
        ("files", #"{"../evil": "00"}"#), ("files", #"{"encoder.gguf": "ABC"}"#), ("encoder", "7"),
        ("encoder", #"{"architecture": "vit", "file": "encoder.gguf", "inputSize": 224, "taps": ["d11.max"]}"#),
        ("encoder", #"{"architecture": "efficientnet-lite0", "file": "encoder.gguf", "inputSize": 225, "taps": ["d11.max"]}"#),
        ("encoder", #"{"architecture": "efficientnet-lite0", "file": "encoder.gguf", "inputSize": 224, "taps": ["d16.max"]}"#),
        ("encoder", #"{"architecture": "efficientnet-lite0", "file": "encoder.gguf", "inputSize": 224, "taps": []}"#),
        ("encoder", #"{"architecture": "efficientnet-lite0", "file": "absent.gguf", "inputSize": 224, "taps": ["d11.max"]}"#),
        ("link", #"{"file": "link.gguf"}"#),
    ]

    @Test(arguments: mistakes)
    func card_isRefused_andTheFieldNamed(field: String, value: String) throws {
        let json = try JSONSerialization.jsonObject(with: Data(value.utf8), options: .fragmentsAllowed)
        try make { $0[field] = json }
        let error = #expect(throws: ModelError.self) { try ModelDirectory.find("small", in: path) }
        #expect(error?.kind == .badCard && error?.item?.hasPrefix(field) == true, "\(error.map(String.init) ?? "")")
    }

    @Test func searchPath_beginsWithTheExplicitDirectory() {
        let path = ModelDirectory.searchPath(explicit: "/x")
        #expect(path.first == "/x" && path.contains("/var/lib/lcld/models"))
    }

    @Test func searchPath_endsWithTheCheckout_thatTheExecutableWasBuiltIn() throws {
        let models = try #require(ModelDirectory.searchPath().last)
        #expect(models.hasSuffix("/var/lib/lcld/models") && FileManager.default.fileExists(atPath: models + "/default/model.json"))
    }
}
