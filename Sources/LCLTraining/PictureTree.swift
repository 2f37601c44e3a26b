// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDigest

/// The pictures below a folder, `CLASS/*.png|jpg` or `SOURCE/CLASS/*.png|jpg`, in sorted order.
public struct PictureTree: Sendable {
    public struct Class: Hashable, Sendable {
        /// The folder above the class; empty where there is none.
        public let source: String
        public let name: String
        /// Paths of its pictures.
        public let pictures: [String]
    }

    /// What the pictures' paths begin with.
    public let root: String
    public let classes: [Class]

    init(root: String, classes: [Class]) {
        self.root = root
        self.classes = classes
    }

    /// - Throws: ``TrainingError/unreadable(path:reason:)``, ``TrainingError/layout(path:reason:)``.
    public init(root: String) throws(TrainingError) {
        self.root = root
        var classes: [Class] = []
        for folder in try Self.folders(in: root) {
            let inner = try Self.folders(in: "\(root)/\(folder)")
            if inner.isEmpty {
                classes.append(Class(source: "", name: folder, pictures: try Self.pictures(in: "\(root)/\(folder)")))
            }
            for name in inner {
                classes.append(Class(source: folder, name: name, pictures: try Self.pictures(in: "\(root)/\(folder)/\(name)")))
            }
        }
        self.classes = classes.filter { !$0.pictures.isEmpty }
        guard !self.classes.isEmpty else { throw .layout(path: root, reason: "no folder in it holds a picture") }
        guard Set(self.classes.map(\.source.isEmpty)).count == 1 else {
            throw .layout(path: root, reason: "some folders hold pictures and others hold folders of pictures")
        }
    }

    /// Of some sources alone.
    public func filter(_ isWanted: (String) -> Bool) -> PictureTree { PictureTree(root: root, classes: classes.filter { isWanted($0.source) }) }

    public var pictures: [String] { classes.flatMap(\.pictures) }

    /// SHA-256 over the paths below the root, sizes and times of change: another tree, or a changed one, has another.
    func fingerprint() throws(TrainingError) -> String {
        var hash = SHA256()
        for path in pictures {
            do {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                let size = attributes[.size] as? Int ?? 0
                let changed = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
                hash.update(Data("\(path.dropFirst(root.count)) \(size) \(changed)\n".utf8))
            } catch {
                throw .unreadable(path: path, reason: "\(error)")
            }
        }
        return hash.finalize().hex
    }

    private static func folders(in path: String) throws(TrainingError) -> [String] {
        try entries(of: path).filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder) && isFolder.boolValue
        }
    }

    private static func pictures(in path: String) throws(TrainingError) -> [String] {
        try entries(of: path).filter { name in
            ["png", "jpg", "jpeg"].contains((name as NSString).pathExtension.lowercased())
        }.map { "\(path)/\($0)" }
    }

    private static func entries(of path: String) throws(TrainingError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }.sorted()
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
    }
}
