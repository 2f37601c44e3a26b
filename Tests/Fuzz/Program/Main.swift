// SPDX-License-Identifier: Apache-2.0
import Foundation
import FuzzTargets

// What libFuzzer calls: https://llvm.org/docs/LibFuzzer.html. $LCL_FUZZ_TARGET names the door; with $LCL_FUZZ_SEEDS the program
// only writes the first inputs into that directory.

/// One thread calls all of this.
nonisolated(unsafe) private var door: (any FuzzDoor)?
nonisolated(unsafe) private var mutates: ((UnsafeMutableBufferPointer<UInt8>) -> Void)?

@_silgen_name("LLVMFuzzerMutate")
private func libFuzzerMutate(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ maximum: Int) -> Int

@_cdecl("LLVMFuzzerInitialize")
public func initialize(_: UnsafeMutableRawPointer, _: UnsafeMutableRawPointer) -> CInt {
    let environment = ProcessInfo.processInfo.environment
    guard let target = environment["LCL_FUZZ_TARGET"].flatMap(FuzzTarget.init) else {
        fail("$LCL_FUZZ_TARGET must be one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    do {
        if let directory = environment["LCL_FUZZ_SEEDS"] {
            try write(target.seeds(), to: directory)
            exit(0)
        }
        door = try target.open()
    } catch { fail("\(error)") }
    if target == .png { mutates = PNGChunk.repair }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do { try door!.check(Array(UnsafeBufferPointer(start: data, count: count))) } catch { fatalError("\(error)") }
    return 0
}

@_cdecl("LLVMFuzzerCustomMutator")
public func customMutator(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ maximum: Int, _ seed: CUnsignedInt) -> Int {
    let size = libFuzzerMutate(data, size, maximum)
    // One in sixteen stays as it is, so that wrong checksums come too.
    if seed % 16 != 0 { mutates?(UnsafeMutableBufferPointer(start: data, count: size)) }
    return size
}

private func write(_ seeds: [[UInt8]], to directory: String) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for (index, seed) in seeds.enumerated() { try Data(seed).write(to: URL(filePath: directory).appending(path: "seed-\(index)")) }
}

private func fail(_ why: String) -> Never {
    FileHandle.standardError.write(Data("fuzz: \(why)\n".utf8))
    exit(2)
}
