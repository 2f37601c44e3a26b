// SPDX-License-Identifier: Apache-2.0

/// Reading goes through the same door as a stranger's manifest; writing gives what that door takes.
extension Manifest: Codable {
    private enum Key: String, CodingKey {
        case schema, name, task, model, method, labels, archive, training, queries, options
    }

    public init(from decoder: any Decoder) throws {
        self = try Manifest.read(JSONValue(from: decoder)).get()
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(Self.schemaName, forKey: .schema)
        try container.encodeIfPresent(name, forKey: .name)
        try container.encode(model, forKey: .model)
        if let training { return try encode(training, into: &container) }
        try container.encode(method, forKey: .method)
        try container.encode(labels, forKey: .labels)
        switch queries {
        case .list(let list): try container.encode(list, forKey: .queries)
        case .pattern(let pattern): try container.encode(pattern, forKey: .queries)
        }
        try container.encode(options, forKey: .options)
    }

    private func encode(_ training: Training, into container: inout KeyedEncodingContainer<Key>) throws {
        try container.encode(task, forKey: .task)
        try container.encode(training, forKey: .training)
        if let archive { try container.encode(archive, forKey: .archive) } else { try container.encode(labels, forKey: .labels) }
        try container.encode(TrainingOptions(priority: options.priority, expires: options.expires), forKey: .options)
    }

    /// Those that a training has.
    private struct TrainingOptions: Encodable {
        var priority: Int
        var expires: Int?
    }
}

extension Manifest.Label: Encodable {
    private enum Key: String, CodingKey { case name, support }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        if let pattern { try container.encode(pattern, forKey: .support) } else { try container.encode(support, forKey: .support) }
    }
}

extension Manifest.Options: Encodable {
    private enum Key: String, CodingKey {
        case priority, unknown, top, seed, orders, transductive, expires
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(priority, forKey: .priority)
        switch unknown {
        case .auto: try container.encode("auto", forKey: .unknown)
        case .off: try container.encode("off", forKey: .unknown)
        case .below(let threshold): try container.encode(threshold, forKey: .unknown)
        }
        try container.encodeIfPresent(top, forKey: .top)
        try container.encode(seed, forKey: .seed)
        try container.encodeIfPresent(orders, forKey: .orders)
        try container.encode(transductive, forKey: .transductive)
        try container.encodeIfPresent(expires, forKey: .expires)
    }
}
