// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CPosix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ALWAYS (O_CLOEXEC | O_NOFOLLOW | O_NOCTTY)

int cposix_open_beneath(int directory, const char *path, int flags) {
    struct open_how how = {
        .flags = (uint64_t)(flags | (flags & O_PATH ? ALWAYS & ~O_NOCTTY : ALWAYS)),  // it refuses what has no meaning
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    for (int tries = 0; tries < 16; tries++) {
        long fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (fd >= 0) return (int)fd;
        if (errno == ENOSYS || errno == EPERM) return cposix_open_beneath_by_component(directory, path, flags);
        if (errno != EAGAIN && errno != EINTR) return -1;  // EAGAIN: a rename raced with the walk
    }
    return -1;
}

int cposix_folder_beneath(int directory, const char *path) { return cposix_open_beneath(directory, path, O_PATH | O_DIRECTORY); }

int cposix_open_beneath_by_component(int directory, const char *path, int flags) {
    if (*path == '/') { errno = EXDEV; return -1; }
    if (*path == '\0') { errno = ENOENT; return -1; }
    char name[NAME_MAX + 1];
    int at = directory;
    for (;;) {
        while (*path == '/') path++;
        size_t length = strcspn(path, "/");
        int last = path[length + strspn(path + length, "/")] == '\0';
        int fd = -1, cause = 0;
        if (length > NAME_MAX) cause = ENAMETOOLONG;
        else {
            memcpy(name, path, length);
            name[length] = '\0';
            if (strcmp(name, "..") == 0) cause = EXDEV;
            else {
                int folder = last && path[length] != '/' ? 0 : O_DIRECTORY;  // "name/" is a directory or nothing
                fd = openat(at, length ? name : ".", (last ? flags : O_PATH) | folder | ALWAYS);
                cause = errno;
                // Where O_DIRECTORY met a link it says ENOTDIR; openat2 says ELOOP.
                char link;
                if (fd < 0 && cause == ENOTDIR && readlinkat(at, name, &link, 1) >= 0) cause = ELOOP;
            }
        }
        if (at != directory) close(at);
        if (fd < 0 || last) { errno = cause; return fd; }
        at = fd;
        path += length;
    }
}

int cposix_rename_exclusive(int from_directory, const char *from, int to_directory, const char *to) {
    int outcome = (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, RENAME_NOREPLACE);
    if (outcome == 0 || (errno != EINVAL && errno != ENOSYS)) return outcome;
    return cposix_rename_exclusive_by_looking(from_directory, from, to_directory, to);
}

int cposix_rename_exclusive_by_looking(int from_directory, const char *from, int to_directory, const char *to) {
    struct stat found;
    if (fstatat(to_directory, to, &found, AT_SYMLINK_NOFOLLOW) == 0) { errno = EEXIST; return -1; }
    if (errno != ENOENT) return -1;
    return renameat(from_directory, from, to_directory, to);
}

int cposix_rename_exchange(int directory, const char *one, const char *other) {
    return (int)syscall(SYS_renameat2, directory, one, directory, other, RENAME_EXCHANGE);
}

static int64_t copy_by_reading(int from, int to, int64_t done, int64_t length) {
    char buffer[1 << 16];
    while (done < length) {
        size_t want = length - done < (int64_t)sizeof buffer ? (size_t)(length - done) : sizeof buffer;
        ssize_t got = pread(from, buffer, want, done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        for (ssize_t written = 0; written < got;) {
            ssize_t put = pwrite(to, buffer + written, (size_t)(got - written), done + written);
            if (put < 0 && errno == EINTR) continue;
            if (put < 0) return -1;
            written += put;
        }
        done += got;
    }
    return done;
}

int64_t cposix_copy(int from, int to, int64_t length) {
    // The clone is of the whole file, also of what was added to it since the caller looked at its length.
    if (ioctl(to, FICLONE, from) == 0 && ftruncate(to, length) == 0) return length;
    int64_t done = 0;
    while (done < length) {
        off_t in = done, out = done;
        ssize_t n = copy_file_range(from, &in, to, &out, (size_t)(length - done), 0);
        if (n > 0) { done += n; continue; }
        if (n == 0) {  // the end, or a filesystem (procfs, some FUSE) that cannot say: reading tells
            return copy_by_reading(from, to, done, length);
        }
        if (errno == EINTR) continue;
        if (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM)
            return copy_by_reading(from, to, done, length);
        return -1;
    }
    return done;
}

const char *cposix_network_filesystem(int descriptor) {
    struct statfs info;
    if (fstatfs(descriptor, &info) < 0) return 0;
    switch ((uint32_t)info.f_type) {
    case 0x6969: return "NFS";
    case 0xFF534D42: case 0xFE534D42: case 0x517B: return "SMB";
    case 0x00C36400: return "Ceph";
    case 0x5346414F: case 0x6B414653: return "AFS";
    case 0x01021997: return "9P";
    case 0x0BD00BD0: return "Lustre";
    case 0x47504653: return "GPFS";
    case 0x73757245: return "Coda";
    case 0x564C: return "NCP";
    case 0x20030528: return "OrangeFS";
    case 0x19830326: return "BeeGFS";
    case 0x786F4256: return "a VirtualBox folder";
    case 0x65735546: return "FUSE";
    default: return 0;
    }
}

int cposix_sync_filesystem(int descriptor) {
    return syncfs(descriptor);
}

// An nfsace4 in XDR: type (0 allows), flags, mask, and who, padded to four bytes. Returns where the next one goes.
static uint32_t *nfs4_entry(uint32_t *at, uint32_t mask, const char *who) {
    uint32_t length = (uint32_t)strlen(who);
    *at++ = 0;
    *at++ = 0;
    *at++ = htonl(mask);
    *at++ = htonl(length);
    memset(at, 0, (length + 3) / 4 * 4);
    memcpy(at, who, length);
    return at + (length + 3) / 4;
}

// Users go by their number, as servers with AUTH_SYS read them; the server fits what the owner may do to its own.
static int share_directory_nfs4(int descriptor, uint32_t uid) {
    enum { LOOK = 0x1200A9 /* list, enter, read names, attributes and ACL */, CHANGE = 0x1601D6 /* and all else */, KNOW = 0x120080 };
    char who[16];
    snprintf(who, sizeof who, "%u", uid);
    uint32_t acl[64] = {htonl(4)}, *end = acl + 1;
    end = nfs4_entry(end, LOOK | CHANGE, "OWNER@");
    end = nfs4_entry(end, LOOK, who);
    end = nfs4_entry(end, KNOW, "GROUP@");
    end = nfs4_entry(end, KNOW, "EVERYONE@");
    int outcome = fsetxattr(descriptor, "system.nfs4_acl", acl, (size_t)(end - acl) * sizeof *acl, 0);
    // A server that knows users by other names, or has no ACLs after all: the same as none.
    if (outcome < 0 && (errno == EINVAL || errno == EPERM || errno == EACCES)) errno = EOPNOTSUPP;
    return outcome;
}

int cposix_share_directory(int descriptor, uint32_t uid) {
    // Little-endian on disk, as this is on every machine that we build for.
    enum { USER_OBJ = 1, USER = 2, GROUP_OBJ = 4, MASK = 16, OTHER = 32 };
    struct {
        struct posix_acl_xattr_header header;
        struct posix_acl_xattr_entry entries[5];
    } acl = {
        {POSIX_ACL_XATTR_VERSION},
        {{USER_OBJ, 7, 0xFFFFFFFF}, {USER, 5, uid}, {GROUP_OBJ, 0, 0xFFFFFFFF}, {MASK, 5, 0xFFFFFFFF}, {OTHER, 0, 0xFFFFFFFF}},
    };
    int outcome = fsetxattr(descriptor, "system.posix_acl_access", &acl, sizeof acl, 0);
    return outcome == 0 || errno != EOPNOTSUPP ? outcome : share_directory_nfs4(descriptor, uid);
}

int cposix_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int cposix_open_process(pid_t process) {
    return (int)syscall(434 /* pidfd_open */, process, 0);
}
