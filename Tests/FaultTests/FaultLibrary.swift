// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestPictures

/// The preloaded library of `Tests/FaultShim`, compiled once for all trials.
enum FaultLibrary {
    struct NotBuilt: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: ``NotBuilt`` with what the compiler said.
    static func path() throws -> String { try built.get() }

    private static let built = Result { () throws -> String in
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "FaultShim")
        let library = ProcessFiles.path("fault.so").path, compiler = Process(), complaints = Pipe()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        compiler.arguments = ["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library]
            + ["fault.c", "power.c", "remote.c"].map { sources.appending(path: $0).path } + ["-ldl"]
        compiler.standardError = complaints
        try compiler.run()
        let text = complaints.fileHandleForReading.readDataToEndOfFile()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else { throw NotBuilt(description: String(decoding: text, as: UTF8.self)) }
        return library
    }
}
