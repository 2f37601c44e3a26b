// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLSpool

/// `job.json`: refused with at least one mistake, or a manifest that reads the same once it is written, and that can be
/// written and read by the daemon again.
final class ManifestDoor: FuzzDoor {
    func check(_ input: [UInt8]) throws {
        let text = Data(input)
        for rule in [ManifestPath.Rule.beneath, .absolute] {
            switch Manifest.read(text, paths: rule) {
            case .failure(let problems):
                try require(!problems.problems.isEmpty && problems.problems.count <= 100, "a refusal says why, and not without end")
                _ = try CanonicalJSON.encode(problems)
            case .success(let manifest):
                try manifest.checkWriting(paths: rule)
                // As the snapshot of a bare manifest is written.
                if case .list = manifest.queries, rule == .absolute { try manifest.relative().checkWriting() }
            }
        }
    }
}

extension Manifest {
    /// What is written reads as it was, through the same door as a stranger's.
    func checkWriting(paths: ManifestPath.Rule = .beneath) throws {
        let written = try CanonicalJSON.encode(self)
        switch Manifest.read(written, paths: paths) {
        case .success(let again): try require(again == self, "a manifest reads as it was written")
        case .failure(let problems): throw Violation(description: "a manifest that was taken cannot be read again: \(problems)")
        }
    }
}
