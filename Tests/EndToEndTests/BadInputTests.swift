// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob
import TestPictures
import Testing

extension EndToEnd {
    /// Bad input has a documented answer, and one bad picture never fails its job.
    @Suite struct BadInput {
        @Test func badPictures_areAnsweredWithTheirCodes_andTheRestWithLabels() throws {
            let rig = try Rig(), job = rig.root.appending(path: "source"), queries = job.appending(path: "queries")
            try FileManager.default.copyItem(at: SampleJob.small.directory, to: job)
            let good = TestPictures.picture(class: 0, instance: 7, side: 96).jpeg()
            func write(_ name: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: queries.appending(path: name)) }
            try write("empty.jpg", [])
            try write("truncated.jpg", SpoiledPicture.truncated(good, to: 0.5))
            try write("wrong-extension.png", good)
            try write("bomb.png", SpoiledPicture.pngBomb())
            try write("gif.jpg", SpoiledPicture.gif())
            try write("text.jpg", Array("hello".utf8))
            symlink("/etc/passwd", queries.appending(path: "link.jpg").path)
            mkfifo(queries.appending(path: "fifo.jpg").path, 0o644)
            let name = Array(queries.path.utf8) + [UInt8(ascii: "/"), 0xff, 0xfe] + Array(".jpg".utf8) + [0]
            _ = name.withUnsafeBufferPointer { close(open(UnsafeRawPointer($0.baseAddress!).assumingMemoryBound(to: CChar.self), O_CREAT | O_WRONLY, 0o644)) }
            try rig.start()
            try rig.offer(job, as: "bad")
            let result = try CanonicalJSON.decode(JobResult.self, from: rig.result("bad"))
            let codes = Dictionary(uniqueKeysWithValues: result.queries.map { ($0.id, $0.error?.code) })
            #expect(codes["queries/empty.jpg"] == .imageEmpty)
            #expect(codes["queries/truncated.jpg"] == .imageTruncated)
            #expect(codes["queries/wrong-extension.png"] == .some(nil))
            #expect(codes["queries/bomb.png"] == .imageTooLarge)
            #expect(codes["queries/gif.jpg"] == .imageUnsupported)
            #expect(codes["queries/text.jpg"] == .imageUnsupported)
            #expect([.imageOutside, .imageNotAFile].contains(codes["queries/link.jpg"]))
            #expect(codes["queries/fifo.jpg"] == .imageNotAFile)
            #expect(codes.contains { $0.key.contains("\u{FFFD}") && $0.value == .imageUnreadable })
            #expect(result.counts.failed == 8)
            #expect(result.queries.filter { SampleJob.small.expected[$0.id] != nil }.allSatisfy { $0.answer != nil })
        }

        @Test func classify_saysWhichJobIsWrong_andThatABareManifestIsNone() throws {
            let rig = BadInput.shared, job = rig.root.appending(path: "classified"), manifest = job.appending(path: "job.json")
            try FileManager.default.createDirectory(at: job, withIntermediateDirectories: true)
            try Data("{".utf8).write(to: manifest)
            let bare = rig.root.appending(path: "bare.json")
            try Data("{}".utf8).write(to: bare)
            for path in [job.path, manifest.path] {
                let said = Rig.run("lcl", ["classify", path])
                #expect(said.status == 1 && said.error.hasPrefix("lcl: \(path): manifest.json: "), "\(said.error)")
            }
            let said = Rig.run("lcl", ["classify", bare.path])
            #expect(said.status == 1 && said.error.hasPrefix("lcl: manifest.missing: '\(bare.path)'"), "\(said.error)")
        }

        @Test func samePictureTwice_underOneLabel_isToldAndAnswered() throws {
            let rig = try Rig(), job = rig.root.appending(path: "twice")
            try FileManager.default.copyItem(at: SampleJob.tiny.directory, to: job)
            let folder = try #require(try FileManager.default.contentsOfDirectory(at: job.appending(path: "support"), includingPropertiesForKeys: nil).first)
            let first = try #require(try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).first)
            try FileManager.default.copyItem(at: first, to: folder.appending(path: "again-\(first.lastPathComponent)"))
            try rig.start()
            try rig.drop(job, as: "twice")
            let result = try rig.result("twice")
            #expect(result == Rig.run("lcl", ["classify", job.path, "--id", "twice"]).out)
            #expect(String(decoding: result, as: UTF8.self).contains("support.duplicate"))
        }

        /// As with `>`: what the umask leaves for a new file, and what a file has that is there.
        @Test func classify_writesWithThePermissionsOfTheUser() throws {
            let output = BadInput.shared.root.appending(path: "permissions").path, lcl = Rig.programs.appending(path: "lcl").path
            func mode(after umask: String) throws -> Int? {
                let said = Rig.run("/bin/sh", ["-c", #"umask "$0" && exec "$1" classify "$2" --output "$3""#, umask, lcl, SampleJob.tiny.directory.path, output])
                #expect(said.status == 0, "\(said.error)")
                return try FileManager.default.attributesOfItem(atPath: output)[.posixPermissions] as? Int
            }
            #expect(try mode(after: "027") == 0o640)
            #expect(chmod(output, 0o604) == 0)
            #expect(try mode(after: "077") == 0o604)
        }

        @Test(arguments: [("lcl", "model verify default"), ("lcl", "model inspect default"), ("lcld", "config")])
        func fullDisk_isNoSuccess(program: String, arguments: String) {
            let said = Rig.run("/bin/sh", ["-c", #""$0" $1 > /dev/full"#, Rig.programs.appending(path: program).path, arguments])
            #expect(said.status == 1 && said.error.contains("No space left on device"), "\(said)")
        }

        /// Not replaced: by root that would be the end of /dev/null.
        @Test func classify_writesThroughWhatIsNoFile() throws {
            let link = BadInput.shared.root.appending(path: "link"), target = BadInput.shared.root.appending(path: "target")
            try Data().write(to: target)
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: target)
            let sample = SampleJob.tiny
            for output in [link, target] {
                #expect(Rig.run("lcl", ["classify", sample.directory.path, "--id", "job", "--output", output.path]).status == 0)
                #expect(try Data(contentsOf: target) == sample.answer(as: "job"))
            }
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == target.path)
        }

        @Test(arguments: [
            ("missing-schema", #"{"labels": [], "queries": ["q.png"]}"#, "manifest.schema"),
            ("not-json", "{", "manifest.json"),
            ("deep", String(repeating: "[", count: 10_000), "manifest.json"),
            ("duplicate-ids", #"{"schema": "lcl/job/1", "labels": [{"name": "a", "support": ["a.png"]}, {"name": "b", "support": ["b.png"]}], "queries": [{"id": "q", "image": "a.png"}, {"id": "q", "image": "b.png"}]}"#, "manifest.duplicate"),
            ("no-supports", #"{"schema": "lcl/job/1", "labels": [{"name": "a", "support": []}, {"name": "b", "support": ["b.png"]}], "queries": ["q.png"]}"#, "support.empty"),
            ("one-label", #"{"schema": "lcl/job/1", "labels": [{"name": "a", "support": ["a.png"]}], "queries": ["q.png"]}"#, "support.few_labels"),
            ("outside", #"{"schema": "lcl/job/1", "labels": [{"name": "a", "support": ["../a.png"]}, {"name": "b", "support": ["b.png"]}], "queries": ["q.png"]}"#, "manifest.path"),
            ("megabyte", #"{"schema": "lcl/job/1", "labels": [{"name": ""# + String(repeating: "x", count: 1 << 20) + #"", "support": ["a.png"]}, {"name": "b", "support": ["b.png"]}], "queries": ["q.png"]}"#, "manifest.json"),
            ("missing-supports", #"{"schema": "lcl/job/1", "labels": [{"name": "a", "support": ["a.png"]}, {"name": "b", "support": ["b.png"]}], "queries": ["q.png"]}"#, "support.empty"),
        ])
        func badManifest_failsItsJob_withItsCode(name: String, manifest: String, code: String) throws {
            let rig = BadInput.shared
            let job = rig.root.appending(path: name)
            try FileManager.default.createDirectory(at: job, withIntermediateDirectories: true)
            try Data(manifest.utf8).write(to: job.appending(path: "job.json"))
            try rig.drop(job, as: name)
            #expect(try rig.refusal(name) == code)
        }

        @Test func samePictureUnderTwoLabels_failsItsJob() throws {
            let rig = BadInput.shared, job = rig.root.appending(path: "conflict")
            try FileManager.default.copyItem(at: SampleJob.small.directory, to: job)
            let labels = try FileManager.default.contentsOfDirectory(atPath: job.appending(path: "support").path).sorted()
            try FileManager.default.copyItem(
                at: job.appending(path: "support/\(labels[0])/s00.jpg"), to: job.appending(path: "support/\(labels[1])/copy.jpg"))
            try rig.drop(job, as: "conflict")
            #expect(try rig.refusal("conflict") == "support.conflict")
        }

        @Test func notAJob_isSetAside() throws {
            let rig = BadInput.shared, job = rig.root.appending(path: "nothing")
            try FileManager.default.createDirectory(at: job, withIntermediateDirectories: true)
            try rig.drop(job, as: "nothing")
            #expect(try rig.refusal("nothing") == "manifest.missing")
            #expect(FileManager.default.fileExists(atPath: rig.spool.appending(path: "corrupt/nothing/error.json").path))
        }

        /// One daemon takes them all, and outlives each; nobody deinitialises it.
        nonisolated(unsafe) private static let shared: Rig = {
            let rig = try! Rig()
            try! rig.start()
            atexit { BadInput.shared.end() }
            return rig
        }()
    }
}
