// SPDX-License-Identifier: Apache-2.0
import LCLModel

extension PromptTemplate {
    private init(checked opening: String, first: String? = nil, _ support: String, _ query: String) {
        do { try self.init(opening: opening, first: first, support: support, query: query) } catch { preconditionFailure("\(error)") }
    }

    /// The evaluation conversation of the paper (Tai et al., arXiv 2308.07891; its code, `ISEKAIEval2Way` with the conversations
    /// `causal_v1.0`, `hypnotized_ans_v1.0` and `final_v1.0`): a system line opens the first turn, another the last; every turn but the
    /// first begins with the text's first token anew, and only the first is closed. No space stands before a picture: its tokenizer
    /// strips spaces beside the picture's marks.
    public static let paper = PromptTemplate(
        checked: "",
        first: "{begin}You should find the causal relationship between the examples I am going to show you. And use that to answer to the"
            + " [FINAL QUESTION]. USER: [BEGIN EXAMPLE] What is in the image{image}? ASSISTANT: there is \"{label}\" in the image. [END EXAMPLE]{end}",
        "{begin} USER: [BEGIN EXAMPLE] What is in the image{image}? ASSISTANT: there is \"{label}\" in the image. [END EXAMPLE]",
        "{begin}[FINAL QUESTION]:  USER: Based on the previous examples, what is in the image{image}? ASSISTANT:{answer} there is \"{label}\"")

    /// The picture right before its label, and nothing else.
    public static let compact = PromptTemplate(checked: "{begin}", "{image} {label}\n", "{image}{answer} {label}\n")

    /// The paper's questions in turns of a chat.
    /// - Parameter space: what stands between the assistant's mark and its words.
    private static func chat(opening: String, user: String, assistant: String, space: String = "", end: String) -> PromptTemplate {
        let answer = space + "there is \"{label}\""
        return PromptTemplate(
            checked: opening, user + "What is in the image {image}?" + assistant + answer + " in the image." + end,
            user + "Based on the previous examples, what is in the image {image}?" + assistant + "{answer}" + answer)
    }

    /// ChatML, as SmolLM2 and Qwen2 were taught.
    public static let chatML = chat(
        opening: "{begin}", user: "{special <|im_start|>}user\n", assistant: "{special <|im_end|>}\n{special <|im_start|>}assistant\n",
        end: "{special <|im_end|>}\n")

    /// SmolVLM.
    public static let smolVLM = idefics(opening: "{special <|im_start|>}")

    /// Idefics3 on Llama 3.
    public static let idefics3 = idefics(opening: "{special <|begin_of_text|>}")

    private static func idefics(opening: String) -> PromptTemplate {
        chat(
            opening: opening, user: "User: ", assistant: "{special <end_of_utterance>}\nAssistant:", space: " ",
            end: "{special <end_of_utterance>}\n")
    }

    public static let llama3 = chat(
        opening: "{begin}", user: "{special <|start_header_id|>}user{special <|end_header_id|>}\n\n",
        assistant: "{special <|eot_id|>}{special <|start_header_id|>}assistant{special <|end_header_id|>}\n\n", end: "{special <|eot_id|>}")

    public static let llama2 = chat(opening: "", user: "{begin}[INST] ", assistant: " [/INST]", space: " ", end: "{end}")

    /// Vicuna, and so LLaVA-1.5.
    public static let vicuna = chat(opening: "{begin}", user: "USER: ", assistant: " ASSISTANT:", space: " ", end: "{end}")

    /// The chat that a model was taught, told by its special tokens and by its own template.
    /// - Throws: ``LinkError/template(reason:)`` where it is none of those known.
    public static func chat(of file: GGUFFile, _ tokenizer: Tokenizer) throws(LinkError) -> PromptTemplate {
        let text = file["tokenizer.chat_template"]?.string ?? ""
        func knows(_ names: String...) -> Bool { names.allSatisfy { tokenizer.special($0) != nil } }
        // Taught on top of a language model, whose own marks the tokenizer keeps.
        if knows("<end_of_utterance>") { return knows("<|im_start|>") ? smolVLM : knows("<|begin_of_text|>") ? idefics3 : idefics(opening: "{begin}") }
        if knows("<|im_start|>", "<|im_end|>") { return chatML }
        if knows("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>") { return llama3 }
        if text.contains("[INST]") { return llama2 }
        if file["tokenizer.ggml.model"]?.string == "llama" { return vicuna }
        throw .template(reason: "'\(file.path)' has the chat of no family known here; name 'paper' or 'compact' in the model's card, or write one there")
    }

    /// - Throws: ``LinkError/template(reason:)``.
    public init(_ card: LanguageCard.Template, of file: GGUFFile, _ tokenizer: Tokenizer) throws(LinkError) {
        switch card {
        case .named("paper"): self = .paper
        case .named("compact"): self = .compact
        case .named("chat"): self = try .chat(of: file, tokenizer)
        case .named(let name): throw .template(reason: "there is none called '\(name)'")
        case .own(let parts): try self.init(opening: parts.opening, first: parts.first, support: parts.support, query: parts.query)
        }
    }
}

extension LanguageCard.Template {
    /// Its name; `own` where it is spelt out.
    public var name: String { if case .named(let name) = self { name } else { "own" } }
}
