// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLImage
import LCLJob
import LCLSpool
import LCLText
import LCLWorker

/// A job answered here and now, without a daemon.
struct Classify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer a job without a daemon.",
        discussion: """
            JOB is a directory with job.json, or with support/LABEL/* and queries/*. The result is the one that the daemon \
            would publish, byte for byte.
            Exit status: 0 answered; 1 the job cannot be answered, or no query could be; 64 wrong usage.
            """)

    enum Form: String, ExpressibleByArgument, CaseIterable { case json, table, csv }

    @Argument(help: ArgumentHelp("Directory of the job, or the job.json in it.", valueName: "job"), completion: .directory)
    var path: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Write the result there instead of to standard output.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Model to answer with, whatever the job says.", valueName: "name"))
    var model: String?

    @Option(help: ArgumentHelp("Method to answer by, whatever the job says: link, metric, prototype or mllm.", valueName: "method"))
    var method: String?

    @OptionGroup var prefixes: PrefixOptions

    @Option(help: "What to print: json; table, as `lclctl results` does; or csv, a line for each query.")
    var format = Form.json

    @Option(help: ArgumentHelp("Threads; 0 is one for each core.", valueName: "count"))
    var threads = 0

    @Option(help: ArgumentHelp("What the result calls the job; the directory's name unless given.", valueName: "id"))
    var id: String?

    @OptionGroup var search: ModelSearch

    func validate() throws {
        if let method, Manifest.Method(rawValue: method) == nil { throw ValidationError("'\(method)' is no method; write link, metric, prototype or mllm") }
        if !(0...256).contains(threads) { throw ValidationError("--threads is from 0 to 256") }
    }

    func run() throws {
        let result: JobResult
        do {
            result = try answer()
        } catch let problems as Problems {
            throw Self.failed(problems.problems.map { "\(path): \($0)" })
        } catch let error as ExitCode {
            throw error
        } catch {
            throw Self.failed(["\(error)"])
        }
        let text = try text(of: result)
        if let output { try OutputFile.write(text, to: output) } else { try Terminal.output.write(text) }
        if result.counts.failed == result.counts.queries { throw ExitCode.failure }
    }

    private func text(of result: JobResult) throws -> Data {
        switch format {
        case .json: try result.encoded()
        case .table: Data(ResultText.table(result, colour: output == nil && Terminal.output.hasColour).utf8)
        case .csv: Data(ResultText.csv(result).utf8)
        }
    }

    private func answer() throws -> JobResult {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), !isDirectory.boolValue {
            throw Failure(.manifestMissing, "'\(path)' is no directory of a job; a manifest by itself goes to the daemon (`lclctl submit`), or into one as \(Manifest.fileName)")
        }
        let source = try JobDirectory(path: directory), contents = try source.contents().get()
        var manifest = contents.manifest
        if manifest.task == .train {
            throw Failure(.manifestField, "$.task is 'train': this program only answers jobs; give it to the daemon (`lclctl submit`), or use `lcl train`", subject: "$.task")
        }
        if let model { manifest.model = model }
        if let method { manifest.method = Manifest.Method(rawValue: method)! }
        var classification = Classification(job: name, manifest: manifest, source: LocalPictures(directory: source, unreadable: contents.unreadable))
        classification.models = search.directory
        classification.prefixes = prefixes.cache
        classification.threads = threads == 0 ? ProcessInfo.processInfo.activeProcessorCount : threads
        guard case .list(let queries) = manifest.queries else { preconditionFailure("contents lists the queries") }
        let bar = ProgressBar(total: queries.count)
        defer { bar.clear() }
        return try classification.run { bar.show($0) }
    }

    private var directory: String {
        let file = Manifest.fileName
        return path == file ? "." : path.hasSuffix("/" + file) ? String(path.dropLast(file.count)) : path
    }

    /// What the daemon would call it.
    private var name: JobID { JobID(slug: id ?? URL(fileURLWithPath: directory).standardizedFileURL.lastPathComponent) }

    private static func failed(_ lines: [String]) -> ExitCode {
        for line in lines { try? Terminal.errors.print("lcl: \(Terminal.escape(line))") }
        return .failure
    }
}

/// A directory of the user's, with what its listing found unreadable.
private struct LocalPictures: PictureSource {
    let directory: JobDirectory
    let unreadable: [String: Failure]

    func read(_ path: String, upTo limit: Int) throws(Failure) -> [UInt8] {
        if let failure = unreadable[path] { throw failure }
        return try directory.read(path, upTo: limit)
    }
}
