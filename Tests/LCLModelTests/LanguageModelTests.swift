// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor
import Testing

/// Goldens: Tests/Reference/language_goldens.py, with transformers in fp32.
struct LanguageModelTests {
    static let names = ["llama", "llama-linear", "llama-yarn", "qwen2", "qwen2-yarn"]

    static func open(_ name: String, threads: Int = 1) throws -> (model: LanguageModel, file: GGUFFile, tokens: [Int]) {
        let path = try #require(Bundle.module.path(forResource: name, ofType: "gguf", inDirectory: "Goldens"))
        let shards = try GGUFShards(path: path)
        let tokens = try #require(shards.first["golden.tokens"]?.array).compactMap(\.integer)
        return (try LanguageModel(shards, threads: threads), shards.first, tokens)
    }

    @Test(arguments: names) func lastPosition_equalsTransformers(_ name: String) throws {
        let (model, file, tokens) = try Self.open(name)
        let expected = try file.matrix(tensor: "golden.last").row(0)
        let found = model.nextLogProbabilities(model.embed(tokens))
        #expect(found.count == 96)
        for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-4) }
    }

    @Test(arguments: names) func everyPosition_equalsTransformers(_ name: String) throws {
        let (model, file, tokens) = try Self.open(name)
        let expected = try file.matrix(tensor: "golden.next").row(0), found = model.logProbabilities(tokens)
        #expect(found.count == tokens.count - 1)
        for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-4) }
    }

    /// A prefix of 120 tokens, a trunk of 20, and the rest as one of two continuations.
    @Test(arguments: names) func branches_equalTheWholeText_afterASharedPrefix(_ name: String) throws {
        let (model, _, tokens) = try Self.open(name)
        let prefix = model.prefix(model.embed(Array(tokens[..<120])))
        let branch = LanguageBranch(trunk: model.embed(Array(tokens[120..<140])), continuations: [[7, 8, 9], Array(tokens[140...]), [5]])
        let found = model.logLikelihoods([branch], after: prefix)[0], whole = model.logProbabilities(tokens)
        #expect(found.map(\.count) == [3, 10, 1])
        for (a, b) in zip(found[1], whole[139...]) { #expect(abs(a - b) < 1e-5) }
        let other = model.logProbabilities(Array(tokens[..<140]) + [7, 8, 9])
        for (a, b) in zip(found[0], other[139...]) { #expect(abs(a - b) < 1e-5) }
    }

    @Test func scores_areTheSameBits_inAnyBatchAndWithAnyThreads() throws {
        let (model, _, tokens) = try Self.open("llama"), threaded = try Self.open("llama", threads: 3).model
        let prefix = model.prefix(model.embed(Array(tokens[..<100])))
        let branches = (0..<7).map { i in
            LanguageBranch(
                trunk: model.embed(Array(tokens[i..<(i + 2 + 5 * i)])), continuations: [[i, 3, 4, i + 1], [i + 2], [9, 9, 9]])
        }
        let together = model.logLikelihoods(branches, after: prefix)
        #expect(together == branches.map { model.logLikelihoods([$0], after: prefix)[0] })
        #expect(together == threaded.logLikelihoods(branches, after: threaded.prefix(threaded.embed(Array(tokens[..<100])))))
        #expect(Array(model.logLikelihoods(branches.reversed(), after: prefix).reversed()) == together)
    }

    @Test func likelihoods_sayThatTheyLive_inEveryLayer() throws {
        let (model, _, tokens) = try Self.open("llama"), prefix = model.prefix(model.embed(Array(tokens[..<100])))
        let branches = (0..<5).map { LanguageBranch(trunk: model.embed([$0, 3]), continuations: [[1, 2], [3]]) }
        var words = 0, expected = model.logLikelihoods(branches, after: prefix)
        #expect(model.logLikelihoods(branches, after: prefix, alive: { words += 1 }) == expected)
        #expect(words >= 4 * model.configuration.layers)
        struct Gone: Error {}
        #expect(throws: Gone.self) { expected = try model.logLikelihoods(branches, after: prefix, alive: { throw Gone() }) }
    }

    /// More rows than run at once: they are the same bits, and life is shown between their parts too.
    @Test func prefix_isTheSameBits_inParts() throws {
        let model = try LanguageModel(Self.edited { $0.set("llama.context_length", .uint32(4000)) })
        let tokens = (0..<2500).map { $0 * $0 % 96 }, whole = model.logProbabilities(tokens)
        for count in [1024, 1025, 2047] { #expect(Array(whole[..<(count - 1)]) == model.logProbabilities(Array(tokens[..<count]))) }
        var words = 0
        let prefix = model.prefix(model.embed(Array(tokens[..<1500])), alive: { words += 1 })
        #expect(prefix.count == 1500 && words >= 2 * 4 * model.configuration.layers)
        let branch = LanguageBranch(trunk: model.embed(Array(tokens[1500..<2490])), continuations: [Array(tokens[2490...])])
        for (a, b) in zip(model.logLikelihoods([branch], after: prefix)[0][0], whole[2489...]) { #expect(abs(a - b) < 1e-4) }
    }

    @Test func beginning_isTheSameBits_whateverFollows() throws {
        let (model, _, tokens) = try Self.open("qwen2")
        let long = model.logProbabilities(tokens), short = model.logProbabilities(Array(tokens[..<37]))
        #expect(Array(long[..<36]) == short)
    }

    @Test func model_isRefused_whenItPromisesMoreBlocksThanItHas() throws {
        let error = try #require(throws: ModelError.self) { _ = try LanguageModel(Self.edited { $0.set("llama.block_count", .uint32(3)) }) }
        #expect(error.kind == .wrongContent && error.item == "blk.2.attn_norm.weight")
    }

    @Test func model_isRefused_whenItHoldsMoreBlocksThanItPromises() throws {
        let error = try #require(throws: ModelError.self) { _ = try LanguageModel(Self.edited { $0.set("llama.block_count", .uint32(1)) }) }
        #expect(error.kind == .unsupported && error.item?.hasPrefix("blk.1.") == true)
    }

    @Test(arguments: [
        ("general.architecture", GGUFValue.string("mamba"), ModelError.Kind.unsupported), ("llama.attention.head_count", .uint32(0), .wrongContent),
        ("llama.attention.head_count_kv", .uint32(3), .unsupported), ("llama.block_count", .int32(-1), .wrongContent),
        ("llama.feed_forward_length", .uint32(64), .wrongContent), ("llama.rope.scaling.type", .string("longrope"), .unsupported),
        ("llama.rope.dimension_count", .uint32(9), .wrongContent), ("llama.rope.scaling.type", .string("yarn"), .wrongContent),
        ("llama.rope.freq_base", .float32(.nan), .wrongContent), ("llama.attention.layer_norm_rms_epsilon", .float32(.nan), .wrongContent),
    ])
    func model_isRefused_whenAKeyIsWrong(_ key: String, _ value: GGUFValue, _ kind: ModelError.Kind) throws {
        let error = try #require(throws: ModelError.self) { _ = try LanguageModel(Self.edited { $0.set(key, value) }) }
        #expect(error.kind == kind)
    }

    /// As llama.cpp reads them: older files have the factor alone, or under its older name.
    @Test(arguments: ["llama.rope.scaling.factor", "llama.rope.scale_linear"]) func rotation_isLinear_whenTheFileHasAFactorAndNoType(_ key: String) throws {
        let factor = GGUFValue.float32(4), keys = ["llama.rope.scaling.type", "llama.rope.scaling.factor"]
        let file = try Self.open("llama-linear").file
        #expect(file[keys[0]] == .string("linear") && file[keys[1]] == factor)
        let model = try LanguageModel(Self.edited("llama-linear", without: keys) { $0.set(key, factor) })
        let expected = try LanguageModel(Self.edited("llama-linear") { _ in })
        #expect(model.configuration == expected.configuration)
        let plain = try LanguageModel(Self.edited("llama-linear", without: keys) { $0.set(key, .float32(0)) })
        #expect(plain.configuration.frequencies.last == expected.configuration.frequencies.last.map { $0 * 4 })
    }

    @Test(arguments: ["blk.0.attn_q_norm.weight", "blk.1.ffn_gate_inp.weight", "blk.0.attn_norm.bias", "output_norm.bias"])
    func model_isRefused_whenItHasATensorThatTheNetworkDoesNotUse(_ name: String) throws {
        let error = try #require(throws: ModelError.self) {
            _ = try LanguageModel(Self.edited { $0.add(tensor: name, shape: [32], values: [Float](repeating: 1, count: 32), as: .f32) })
        }
        #expect(error.kind == .unsupported && error.item == name)
    }

    @Test func model_isRead_whenItsOldFileHasFrequenciesThatNobodyReads() throws {
        _ = try LanguageModel(Self.edited { $0.add(tensor: "blk.0.attn_rot_embd.weight", shape: [4], values: [1, 1, 1, 1], as: .f32) })
    }

    /// A tiny model with its metadata edited.
    static func edited(_ name: String = "llama", without keys: [String] = [], _ edit: (inout GGUFWriter) -> Void) throws -> GGUFShards {
        let file = try open(name).file
        var writer = GGUFWriter(architecture: "llama")
        for (key, value) in file.metadata where !keys.contains(key) { writer.set(key, value) }
        for tensor in file.tensors {
            writer.add(tensor: tensor.name, shape: tensor.shape, values: try file.floats(tensor: tensor.name, shape: tensor.shape), as: .f32)
        }
        edit(&writer)
        return try write(writer.encoded(), "edited.gguf")
    }

    static func write(_ bytes: [UInt8], _ name: String) throws -> GGUFShards {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("lcl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data(bytes).write(to: directory.appendingPathComponent(name))
        return try GGUFShards(path: directory.appendingPathComponent(name).path)
    }
}
