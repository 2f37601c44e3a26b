// SPDX-License-Identifier: Apache-2.0
// System calls that Swift's Glibc module does not offer. All set errno and return -1 on failure, like the calls they wrap.
#ifndef CPOSIX_H
#define CPOSIX_H

#include <spawn.h>
#include <stdint.h>
#include <sys/types.h>

/// openat2(2) with RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH: opens `path` for reading where it lies in
/// or below `directory` and no part of it is a symbolic link. `flags` are those of open(2); O_CLOEXEC, O_NOFOLLOW and O_NOCTTY
/// are added. Kernels and sandboxes without the call (ENOSYS, EPERM) get the same answer from one openat(2) a component.
int cposix_open_beneath(int directory, const char *path, int flags);
/// The same for a folder that is only gone through (O_PATH).
int cposix_folder_beneath(int directory, const char *path);

/// The fallback of `cposix_open_beneath`, by itself, so that it can be tested where the kernel has the call.
int cposix_open_beneath_by_component(int directory, const char *path, int flags);

/// renameat2(2) with RENAME_NOREPLACE: EEXIST where the target exists. Filesystems without it (NFS: EINVAL) get a look before
/// the rename, which is as good where nobody else makes names in the target's directory.
int cposix_rename_exclusive(int from_directory, const char *from, int to_directory, const char *to);

/// renameat2(2) with RENAME_EXCHANGE: two entries of one directory change their names at once.
int cposix_rename_exchange(int directory, const char *one, const char *other);

/// The fallback of `cposix_rename_exclusive`, by itself, so that it can be tested where the filesystem has the flag.
int cposix_rename_exclusive_by_looking(int from_directory, const char *from, int to_directory, const char *to);

/// Copies the first `length` bytes of `from` to `to` (both at offset 0): shares extents (FICLONE) where the filesystem can, else
/// copy_file_range(2), else read and write. Returns the bytes copied, fewer where `from` is shorter.
int64_t cposix_copy(int from, int to, int64_t length);

/// The name of the network filesystem that `descriptor` lies on ("NFS", ...), or NULL for a local one or where it is not known; "FUSE"
/// for what may be either.
const char *cposix_network_filesystem(int descriptor);

/// syncfs(2): brings everything on the filesystem of `descriptor` to the disk. One call costs about half of an fsync for each of
/// a small job's files and folders, and less still on a busy disk. Reports write errors since Linux 5.8.
int cposix_sync_filesystem(int descriptor);

/// Lets the user `uid`, beside the owner, list and enter the directory `descriptor`: a POSIX access ACL (acl(5)), or on NFSv4 an ACL
/// of its own (RFC 7530, section 6.2), neither of which needs a privilege. Fails with EOPNOTSUPP on filesystems without.
int cposix_share_directory(int descriptor, uint32_t uid);

/// From now on a crash of this process (SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS) ends it with exit status `exhausted` instead of
/// the signal where it is in want of memory, as where RLIMIT_DATA is reached, and with `changed` where a mapped file has not the
/// bytes any more that it was mapped with, or a watched one was written to.
void cposix_tell_crashes(int exhausted, int changed);

/// Notes length and time of the last change of an open file, among 256 at most. One thread may call this and the next two.
int cposix_watch(int descriptor);

/// Forgets a file; to be called before it is closed.
void cposix_unwatch(int descriptor);

/// 1 where a watched file has the length and the time that it had.
int cposix_is_as_watched(int descriptor);

/// Gives up every capability of this thread, and with them any way to get one back (capabilities(7)); for a process that has one
/// thread yet.
int cposix_drop_capabilities(void);

/// PR_SET_DUMPABLE of prctl(2): no process of the same user may look into this one's memory any more.
int cposix_hide_memory(void);

/// Takes this thread's ambient capabilities away, and so those of the programs that it, and threads that it will start, run; its own
/// it keeps. Of no effect on root's programs.
int cposix_keep_capabilities_from_children(void);

/// unshare(2): a network namespace of its own, with nothing in it. Needs CAP_SYS_ADMIN; this thread only.
int cposix_leave_network(void);

/// The version of Landlock (landlock(7)) that the kernel has, or -1.
int cposix_landlock_version(void);

/// Lets this thread, and those that it will start, do nothing with files but read those at and beneath `readable`; where the kernel
/// has it, also no TCP, no abstract Unix sockets, no signals to processes outside. What is open already stays so. Paths that are not
/// there are passed over. Returns the version of Landlock.
int cposix_landlock(const char *const *readable, size_t count);

/// seccomp(2): all threads of this process may use a small set of system calls from now on, others fail with EPERM: no sockets, no
/// programs, no processes, no opening for writing, no executable memory, no signals to other processes.
int cposix_filter_calls(void);

/// Tries the thing of this number that a worker must not be able to do. Returns its name, or NULL past the last; `cause` is 0 where
/// it could be done.
const char *cposix_probe(int number, int *cause);

/// posix_spawn_file_actions_addclosefrom_np(3): the child closes every descriptor from `first` on. Returns an error number.
int cposix_close_from(posix_spawn_file_actions_t *actions, int first);

/// pidfd_open(2): a descriptor that is readable once the process has ended, or -1.
int cposix_open_process(pid_t process);

/// Sends one message, and with it `descriptor` where that is not negative (SCM_RIGHTS, unix(7)).
ssize_t cposix_send(int socket, const void *bytes, size_t count, int descriptor);

/// Receives one message, and the descriptor that came with it, or -1; where `descriptor` is NULL none is accepted.
ssize_t cposix_receive(int socket, void *bytes, size_t count, int *descriptor);

#endif
