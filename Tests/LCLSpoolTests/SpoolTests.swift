// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob
import LCLSpool
import Testing

@Test(arguments: [(Spool.Place.tmp, mode_t(0o1733)), (.incoming, 0o1733), (.active, 0o700), (.done, 0o711), (.failed, 0o711), (.corrupt, 0o700)])
func prepare_makesThePlace_withItsMode(place: Spool.Place, mode: mode_t) throws {
    let scratch = try Scratch()
    var status = stat()
    #expect(stat(scratch.spool.directory(place), &status) == 0)
    #expect(status.st_mode & 0o7777 == mode)
    try scratch.spool.prepare()  // again, over what is there
}

@Test func prepare_throws_whenAPlaceIsALink() throws {
    let scratch = try Scratch()
    rmdir(scratch.spool.directory(.done))
    symlink("/tmp", scratch.spool.directory(.done))
    #expect(throws: SpoolError.self) { try scratch.spool.prepare() }
}

@Test func lock_refusesTheSecond_namingTheFirst() throws {
    let scratch = try Scratch()
    do {
        let first = try SpoolLock(scratch.spool)
        defer { withExtendedLifetime(first) {} }
        #expect(throws: SpoolError.locked(root: scratch.spool.root, pid: getpid())) { try SpoolLock(scratch.spool) }
    }
    _ = try SpoolLock(scratch.spool)  // free again
}

@Test func durableWrite_replacesTheFile_leavingNothingElse() throws {
    let scratch = try Scratch()
    let folder = scratch.spool.directory(.active), path = folder + "/x.json"
    try DurableFile.write(Data("first".utf8), to: path)
    try DurableFile.write(Data("second, longer".utf8), to: path, mode: 0o640)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "second, longer")
    #expect(try names(in: folder) == ["x.json"])
    var status = stat()
    stat(path, &status)
    #expect(status.st_mode & 0o777 == 0o640)
}

@Test func durableWrite_leavesNothing_whenTheRenameFails() throws {
    let scratch = try Scratch()
    let folder = scratch.spool.directory(.active)
    try FileManager.default.createDirectory(atPath: folder + "/x/y", withIntermediateDirectories: true)
    #expect(throws: SpoolError.self) { try DurableFile.write(Data("a".utf8), to: folder + "/x") }
    #expect(try names(in: folder) == ["x"])
}

@Test func durableWrite_throwsWhichFile_whereTheDirectoryIsMissing() throws {
    let scratch = try Scratch()
    #expect(throws: SpoolError.system(attempt: "open", path: scratch.home + "/no", errno: ENOENT)) {
        try DurableFile.write(Data(), to: scratch.home + "/no/x")
    }
}

@Test func spoolError_isDiskFull_onlyForSpaceAndQuota() {
    #expect(SpoolError.system(attempt: "write", path: "x", errno: ENOSPC).isDiskFull)
    #expect(SpoolError.system(attempt: "write", path: "x", errno: EDQUOT).isDiskFull)
    #expect(!SpoolError.system(attempt: "write", path: "x", errno: EIO).isDiskFull)
}

@Test(arguments: [
    ("42 27 0:39 / /mnt/far rw,nosuid,nodev,relatime - fuse.sshfs far:/srv rw,user_id=0", "sshfs"),
    ("42 27 0:39 / /mnt/near rw,relatime shared:7 - fuse.mergerfs disks rw", nil), ("42 27 0:39 / /mnt/usb rw - fuseblk /dev/sdb1 rw", nil),
    ("41 27 0:38 / /mnt/far rw - fuse.sshfs far:/srv rw", nil), ("42", nil), ("42 27 0:39 / /mnt rw -", nil), ("", nil),
] as [(String, String?)])
func remoteKind_isKnown_byTheTableOfMounts(line: String, kind: String?) {
    let file = "pos:\t0\nflags:\t0100000\nmnt_id:\t42\nino:\t1\n", table = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n" + line + "\n"
    #expect(Filesystem.remoteKind(file: file, mounts: table) == kind)
}
