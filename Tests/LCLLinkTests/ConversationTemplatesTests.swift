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
        (["<|im_start|>", "<|im_end|>"], nil, PromptTemplate.chatML), (["<|im_start|>", "<|im_end|>", "<end_of_utterance>"], nil, .smolVLM),
        (["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<end_of_utterance>"], nil, .idefics3),
        (["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], nil, .llama3), (["</s>"], "{{ '[INST] ' + content + ' [/INST]' }}", .llama2),
    ]) func chat_isTold_bySpecialTokensAndTemplate(_ special: [String], _ template: String?, _ expected: PromptTemplate) throws {
        #expect(try chat(special, template) == expected)
    }

    /// Word for word: the paper's questions (its code's `ISEKAIEval2Way`) between the marks of each family's own template.
    @Test func templates_areWordForWord() throws {
        let question = "What is in the image {image}?", last = "Based on the previous examples, what is in the image {image}?"
        let learned = "there is \"{label}\" in the image.", asked = "there is \"{label}\""
        let chats: [(PromptTemplate, opening: String, support: String, query: String)] = [
            (.chatML, "{begin}",
             "{special <|im_start|>}user\n\(question){special <|im_end|>}\n{special <|im_start|>}assistant\n\(learned){special <|im_end|>}\n",
             "{special <|im_start|>}user\n\(last){special <|im_end|>}\n{special <|im_start|>}assistant\n{answer}\(asked)"),
            (.smolVLM, "{special <|im_start|>}",
             "User: \(question){special <end_of_utterance>}\nAssistant: \(learned){special <end_of_utterance>}\n",
             "User: \(last){special <end_of_utterance>}\nAssistant:{answer} \(asked)"),
            (.idefics3, "{special <|begin_of_text|>}",
             "User: \(question){special <end_of_utterance>}\nAssistant: \(learned){special <end_of_utterance>}\n",
             "User: \(last){special <end_of_utterance>}\nAssistant:{answer} \(asked)"),
            (.llama3, "{begin}",
             "{special <|start_header_id|>}user{special <|end_header_id|>}\n\n\(question){special <|eot_id|>}"
                 + "{special <|start_header_id|>}assistant{special <|end_header_id|>}\n\n\(learned){special <|eot_id|>}",
             "{special <|start_header_id|>}user{special <|end_header_id|>}\n\n\(last){special <|eot_id|>}"
                 + "{special <|start_header_id|>}assistant{special <|end_header_id|>}\n\n{answer}\(asked)"),
            (.llama2, "", "{begin}[INST] \(question) [/INST] \(learned){end}", "{begin}[INST] \(last) [/INST]{answer} \(asked)"),
            (.vicuna, "{begin}", "USER: \(question) ASSISTANT: \(learned){end}", "USER: \(last) ASSISTANT:{answer} \(asked)"),
            (.compact, "{begin}", "{image} {label}\n", "{image}{answer} {label}\n"),
        ]
        for (template, opening, support, query) in chats { #expect(try template == PromptTemplate(opening: opening, support: support, query: query)) }
        let example = "USER: [BEGIN EXAMPLE] What is in the image{image}? ASSISTANT: there is \"{label}\" in the image. [END EXAMPLE]"
        let first = "You should find the causal relationship between the examples I am going to show you. And use that to answer to the [FINAL QUESTION]."
        let paper = try PromptTemplate(
            first: "{begin}\(first) \(example){end}", support: "{begin} \(example)",
            query: "{begin}[FINAL QUESTION]:  USER: Based on the previous examples, what is in the image{image}? ASSISTANT:{answer} there is \"{label}\"")
        #expect(paper == .paper)
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
            try PromptTemplate(.own(.init(opening: "", support: "{image}", query: "{image}{label};")), of: file.first, tokenizer)
        }
    }
}
