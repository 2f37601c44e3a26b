// SPDX-License-Identifier: Apache-2.0

/// Reading goes through the same door as a stranger's manifest; writing gives what that door takes.
extension Manifest: Codable {
    private enum Key: String, CodingKey {
        case schema, name, model, method, labels, queries, options
    }

    public init(from decoder: any Decoder) throws {
        self = try Manifest.read(JSONValue(from: decoder)).get()
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(Self.schemaName, forKey: .schema)
        try container.encodeIfPresent(name, forKey: .name)
        try container.encode(model, forKey: .model)
        try container.encode(method, forKey: .method)
        try container.encode(labels, forKey: .labels)
        switch queries {
        case .list(let list): try container.encode(list, forKey: .queries)
        case .pattern(let pattern): try container.encode(pattern, forKey: .queries)
        }
        try container.encode(options, forKey: .options)
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
        if orders != 1 { try container.encode(orders, forKey: .orders) }
        try container.encode(transductive, forKey: .transductive)
        try container.encodeIfPresent(expires, forKey: .expires)
    }
}
