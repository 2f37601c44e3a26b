// SPDX-License-Identifier: Apache-2.0

/// Why a model could not be loaded or a support set not be linked.
public enum LinkError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The support set does not hold together.
    case support(reason: String)
    /// The support set takes more than there is room for; the reason has the numbers.
    case tooLarge(reason: String)
    /// The model cannot tell two labels apart.
    case labels(reason: String)
    /// What the model makes is no number: its weights are damaged, whatever their digests say.
    case damaged(reason: String)
    /// A template is none, or asks for what the model lacks.
    case template(reason: String)
    /// The raw features have another width than the method was made for.
    case features(expected: Int, found: Int)
    /// The model cannot do what the job asks for.
    case method(name: String, model: String, supported: [String])
    /// The link file is not one, is damaged, or belongs to another encoder.
    case file(path: String, reason: String)

    public var description: String {
        switch self {
        case .support(let reason): "unable to link the support set: \(reason)"
        case .tooLarge(let reason): "unable to link the support set: \(reason)"
        case .labels(let reason): "unable to link the support set: \(reason)"
        case .damaged(let reason): "unable to answer: \(reason)"
        case .template(let reason): "unable to use the template: \(reason)"
        case .features(let expected, let found):
            "unable to link: the features are \(found) wide, the link map expects \(expected); fit it again for this encoder"
        case .method(let name, let model, let supported):
            "unable to answer by \(name): model \(model) has no such method; it supports \(supported.joined(separator: ", "))"
        case .file(let path, let reason): "unable to use the link file '\(path)': \(reason)"
        }
    }
}
