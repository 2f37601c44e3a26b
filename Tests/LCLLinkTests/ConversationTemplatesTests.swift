// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import TestModels
import Testing

struct ConversationTemplatesTests {
    private func chat(_ special: [String], _ template: String? = nil) throws -> PromptTemplate {
        let file = try TinyLanguage.open(TinyLanguage.encoded(special: special, chat: template)).first
        return try PromptTemplate.chat(of: file, Tokenizer(file))
    }

    @Test(arguments: [
        (["<|im_start|>", "<|im_end|>"], nil, PromptTemplate.chatML), (["<|im_start|>", "<|im_end|>", "<end_of_utterance>"], nil, .idefics),
        (["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], nil, .llama3), (["</s>"], "{{ '[INST] ' + content + ' [/INST]' }}", .llama2),
    ]) func chat_isTold_bySpecialTokensAndTemplate(_ special: [String], _ template: String?, _ expected: PromptTemplate) throws {
        #expect(try chat(special, template) == expected)
    }

    @Test func chat_isRefused_whenOfNoKnownFamily() throws {
        let error = try #require(throws: LinkError.self) { try chat(["<end>"]) }
        #expect("\(error)".contains("name 'paper' or 'compact'"))
    }

    @Test func template_isRefused_whenTheModelLacksItsTokens() throws {
        let file = try TinyLanguage.open(), model = try LanguageModel(file, context: 100), tokenizer = try Tokenizer(file.first)
        let error = try #require(throws: LinkError.self) { try LanguageLink(model: model, tokenizer: tokenizer, template: .llama3) }
        #expect("\(error)".contains("no special token '<|start_header_id|>'"))
    }

    @Test func ownTemplate_isReadFromTheCard() throws {
        let file = try TinyLanguage.open(), tokenizer = try Tokenizer(file.first)
        let own = LanguageCard.Template.own(.init(opening: "Look. ", support: "{image}{label};", query: "{image}{label};"))
        #expect(try PromptTemplate(own, of: file.first, tokenizer) == PromptTemplate(opening: "Look. ", support: "{image}{label};", query: "{image}{label};"))
        #expect(throws: LinkError.self) {
            try PromptTemplate(.own(.init(opening: "", support: "{image}", query: "{image}{label}")), of: file.first, tokenizer)
        }
    }
}
