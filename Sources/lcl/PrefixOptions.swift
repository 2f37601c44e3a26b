// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LCLLink

/// Where support sets that a language model has read are kept.
struct PrefixOptions: ParsableArguments {
    @Option(
        name: .customLong("prefix-cache"),
        help: ArgumentHelp("Keep the support sets that a language model has read there, and take them from there the next time.", valueName: "directory"))
    var directory: String?

    @Option(name: .customLong("prefix-cache-size"), help: ArgumentHelp("MiB that they may take; the longest unused go first.", valueName: "MiB"))
    var size = 4096

    func validate() throws {
        guard (1...1 << 30).contains(size) else { throw ValidationError("--prefix-cache-size is 1 or more") }
    }

    var cache: PrefixCache? { directory.map { PrefixCache(directory: $0, limit: size << 20) } }
}
