// SPDX-License-Identifier: Apache-2.0
import Foundation

extension TestPictures {
    /// Lays out a training: `archive/LABEL/00.jpg ...` and a `job.json` that makes the model `name` of it.
    /// - Parameter training: more fields of the manifest's `training`, as JSON.
    package static func writeTraining(
        at directory: URL, labels: Int = 15, pictures: Int = 6, side: Int = 48, name: String = "beetles", training: String = "", model: String = "small"
    ) throws {
        for index in 0..<labels {
            let folder = directory.appending(path: "archive/\(label(ofClass: index))")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for instance in 0..<pictures {
                try Data(picture(class: index, instance: instance, side: side).jpeg()).write(to: folder.appending(path: "\(instance).jpg"))
            }
        }
        let manifest = #"{"schema":"lcl/job/1","task":"train","model":"\#(model)","archive":"archive/","training":{"name":"\#(name)"\#(training)}}"#
        try Data(manifest.utf8).write(to: directory.appending(path: "job.json"))
    }
}
