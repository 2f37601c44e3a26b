// SPDX-License-Identifier: Apache-2.0
import LCLImage
import LCLModel
import LCLTensor

/// How a language model sees: a vision model, and the tokens that stand around its embeddings.
package struct LanguageSight {
    package var fewestPositions: Int { 1 }
    package var summary: String { "" }

    init(_ file: GGUFFile, of model: LanguageModel, _ tokenizer: Tokenizer, threads: Int) throws {
    }

    package func encoder(limits: ImageLimits) -> any PictureEncoder { fatalError() }
}
