// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// landlock(7). Debian 12's headers end at version 2, so the numbers stand here.
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { ASK_VERSION = 1, RULE_PATH_BENEATH = 1 };
#define READ_FILE (1ULL << 2)
#define READ_DIR (1ULL << 3)

struct ruleset { uint64_t files, network, scope; };
struct path_beneath { uint64_t allowed; int32_t descriptor; } __attribute__((packed));

int cposix_landlock_version(void) {
    return (int)syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
}

/// Everything that this version of Landlock can forbid.
static int everything(int version) {
    struct ruleset all = {.files = (1ULL << 13) - 1};
    if (version >= 2) all.files |= 1ULL << 13;  // moving files between folders
    if (version >= 3) all.files |= 1ULL << 14;  // truncate(2)
    if (version >= 5) all.files |= 1ULL << 15;  // ioctl(2) on devices
    if (version >= 4) all.network = 3;          // binding and connecting TCP
    if (version >= 6) all.scope = 3;            // abstract Unix sockets and signals out of the box
    size_t size = version >= 6 ? sizeof all : version >= 4 ? offsetof(struct ruleset, scope) : offsetof(struct ruleset, network);
    return (int)syscall(CREATE_RULESET, &all, size, 0);
}

static int allow_reading(int ruleset, const char *path) {
    int descriptor = open(path, O_PATH | O_CLOEXEC);
    if (descriptor < 0) return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : -1;
    struct stat status;
    int outcome = fstat(descriptor, &status);
    struct path_beneath rule = {READ_FILE | (S_ISDIR(status.st_mode) ? READ_DIR : 0), descriptor};
    if (outcome == 0) outcome = (int)syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0);
    int cause = errno;
    close(descriptor);
    errno = cause;
    return outcome;
}

int cposix_landlock(const char *const *readable, size_t count) {
    int version = cposix_landlock_version();
    if (version < 0) return -1;
    int ruleset = everything(version);
    if (ruleset < 0) return -1;
    int outcome = 0;
    for (size_t i = 0; i < count && outcome == 0; i++) outcome = allow_reading(ruleset, readable[i]);
    // Refused where it was set before, and calls are filtered since: the last call needs it, and says so.
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (outcome == 0) outcome = (int)syscall(RESTRICT_SELF, ruleset, 0);
    int cause = errno;
    close(ruleset);
    errno = cause;
    return outcome < 0 ? -1 : version;
}
