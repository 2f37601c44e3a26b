// SPDX-License-Identifier: Apache-2.0
// A library to preload (ld.so(8), LD_PRELOAD): it numbers every call that changes what lies beneath one directory, and fails the
// chosen one, or ends the process there. Children do not inherit it.
//
// LCL_FAULT_ROOT    the directory; absolute, without symbolic links
// LCL_FAULT_LOG     file that lines "NUMBER CALL DEED PATH" are appended to: every call without a point, else only the point
// LCL_FAULT_POINT   number of the call, from 1, or of the first after it that can meet the action; where this and LCL_FAULT_NEXT
//                   are unset, it lists
// LCL_FAULT_ACTION  kill: SIGKILL before the call; after: SIGKILL after it; cut: before it, and what was not flushed is cut off its
//                   files, as a power cut may; eio, enospc, eintr: the call fails; short: half of the bytes are written
// LCL_FAULT_NEXT    a second fault: so many calls after the first (or after the start), likewise
// LCL_FAULT_NEXT_ACTION  its action
#define _GNU_SOURCE
#include "fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/// What a call can meet beside EIO.
enum { WRITES = 1, GROWS = 2, INTERRUPTIBLE = 4 };

static char root[PATH_MAX];
static size_t root_length;
static int log_file = -1;
/// What is done, and at which call.
struct fault { atomic_long from; atomic_int is_over; char action[16]; };
static struct fault first, second;
static int cuts;
static atomic_long reached;

static void read_fault(struct fault *fault, const char *number, const char *action) {
    const char *from = getenv(number), *deed = getenv(action);
    fault->from = from ? atol(from) : 0;
    snprintf(fault->action, sizeof fault->action, "%s", deed ? deed : "-");
    cuts |= strcmp(fault->action, "cut") == 0;
}

__attribute__((constructor)) static void begin(void) {
    const char *directory = getenv("LCL_FAULT_ROOT"), *file = getenv("LCL_FAULT_LOG");
    if (directory && file) {
        log_file = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        snprintf(root, sizeof root, "%s/", directory);
        read_fault(&first, "LCL_FAULT_POINT", "LCL_FAULT_ACTION");
        read_fault(&second, "LCL_FAULT_NEXT", "LCL_FAULT_NEXT_ACTION");
        root_length = strlen(root);
    }
    unsetenv("LD_PRELOAD");
}

static void die(int cutting) {
    if (cutting) fault_cut();
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

struct turn {
    int is_ours;
    int fails_with;
    int is_short;
    int is_last;
    int is_over;
};

/// Whether a call that can meet these things can meet `action`; how is in `turn` then.
static int can_meet(const char *action, int can, struct turn *turn) {
    if (strcmp(action, "kill") == 0 || strcmp(action, "cut") == 0) return turn->is_over = 1;
    if (strcmp(action, "after") == 0) return turn->is_last = 1;
    if (strcmp(action, "eio") == 0) return turn->fails_with = EIO;
    if (strcmp(action, "enospc") == 0 && can & GROWS) return turn->fails_with = ENOSPC;
    if (strcmp(action, "eintr") == 0 && can & INTERRUPTIBLE) return turn->fails_with = EINTR;
    if (strcmp(action, "short") == 0 && can & WRITES) return turn->is_short = 1;
    return 0;
}

/// Whether it is the turn of `fault`, which comes once.
static int strikes(struct fault *fault, long number, int can, struct turn *turn) {
    struct turn struck = *turn;
    if (!fault->from || number < fault->from || fault->is_over || !can_meet(fault->action, can, &struck)) return 0;
    if (atomic_exchange(&fault->is_over, 1)) return 0;
    *turn = struck;
    return 1;
}

/// The fault whose turn it is at this call.
static const struct fault *due(long number, int can, struct turn *turn) {
    if (first.from && !first.is_over) {
        if (!strikes(&first, number, can, turn)) return NULL;
        if (second.from) second.from += number;
        return &first;
    }
    return strikes(&second, number, can, turn) ? &second : NULL;
}

/// Numbers a call on `path` and says what is to happen to it; does not come back from a kill.
static struct turn reach(const char *call, int can, const char *path) {
    struct turn turn = {0};
    int cause = errno;
    if (root_length && strncmp(path, root, root_length) == 0) {
        turn.is_ours = 1;
        long number = atomic_fetch_add(&reached, 1) + 1;
        const struct fault *fault = due(number, can, &turn);
        if (fault || (!first.from && !second.from)) {
            char line[PATH_MAX + 64];
            int length = snprintf(line, sizeof line, "%ld %s %s %s\n", number, call, fault ? fault->action : "-", path + root_length);
            REAL(write)(log_file, line, (size_t)length);
        }
        if (turn.is_over) die(strcmp(fault->action, "cut") == 0);
    }
    errno = cause;
    return turn;
}

static struct turn reach_file(const char *call, int can, int file) {
    char link[32], path[PATH_MAX];
    int cause = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = root_length ? readlink(link, path, sizeof path - 1) : -1;
    path[length < 0 ? 0 : length] = '\0';
    errno = cause;
    return reach(call, can, path);
}

static struct turn reach_at(const char *call, int can, int directory, const char *name) {
    char link[32], path[PATH_MAX];
    if (!root_length || *name == '/' || directory == AT_FDCWD) return reach(call, can, name);
    int cause = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) length = 0;
    snprintf(path + length, sizeof path - (size_t)length, "/%s", name);
    errno = cause;
    return reach(call, can, path);
}

/// Makes the call, unless its turn is to fail.
#define MAKE(turn, call)                                    \
    do {                                                    \
        if ((turn).fails_with) { errno = (turn).fails_with; return -1; } \
        __typeof__(call) result_ = (call);                  \
        if ((turn).is_last) die(0);                          \
        return result_;                                     \
    } while (0)

static size_t share(struct turn turn, size_t count) { return turn.is_short && count > 1 ? count / 2 : count; }

// Writing

ssize_t write(int file, const void *bytes, size_t count) {
    struct turn turn = reach_file("write", WRITES | GROWS | INTERRUPTIBLE, file);
    if (turn.is_ours) fault_dirties(file, cuts);
    MAKE(turn, REAL(write)(file, bytes, share(turn, count)));
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    struct turn turn = reach_file("pwrite", WRITES | GROWS | INTERRUPTIBLE, file);
    if (turn.is_ours) fault_dirties(file, cuts);
    MAKE(turn, REAL(pwrite)(file, bytes, share(turn, count), at));
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) { return pwrite(file, bytes, count, at); }

ssize_t writev(int file, const struct iovec *parts, int count) {
    struct turn turn = reach_file("writev", WRITES | GROWS | INTERRUPTIBLE, file);
    if (turn.is_ours) fault_dirties(file, cuts);
    MAKE(turn, REAL(writev)(file, parts, (int)share(turn, (size_t)count)));
}

ssize_t copy_file_range(int from, off64_t *in, int to, off64_t *out, size_t count, unsigned flags) {
    struct turn turn = reach_file("copy_file_range", WRITES | GROWS | INTERRUPTIBLE, to);
    if (turn.is_ours) fault_dirties(to, cuts);
    MAKE(turn, REAL(copy_file_range)(from, in, to, out, share(turn, count), flags));
}

int ioctl(int file, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (request != FICLONE) return REAL(ioctl)(file, request, argument);
    struct turn turn = reach_file("clone", GROWS | INTERRUPTIBLE, file);
    if (turn.is_ours) fault_dirties(file, cuts);
    MAKE(turn, REAL(ioctl)(file, request, argument));
}

int ftruncate(int file, off_t length) {
    struct turn turn = reach_file("ftruncate", GROWS | INTERRUPTIBLE, file);
    MAKE(turn, REAL(ftruncate)(file, length));
}

int ftruncate64(int file, off64_t length) { return ftruncate(file, length); }

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t at) {
    if (root_length && file >= 0 && flags & MAP_SHARED && protection & PROT_WRITE) {
        struct turn turn = reach_file("mmap", 0, file);
        if (turn.fails_with) { errno = ENOMEM; return MAP_FAILED; }
        void *result = REAL(mmap)(address, length, protection, flags, file, at);
        if (turn.is_last) die(0);
        return result;
    }
    return REAL(mmap)(address, length, protection, flags, file, at);
}

void *mmap64(void *address, size_t length, int protection, int flags, int file, off64_t at) {
    return mmap(address, length, protection, flags, file, at);
}

// Flushing

static int flushed(struct turn turn, int file, int result) {
    if (turn.is_ours && result == 0) fault_flushed(file);
    return result;
}

int fsync(int file) {
    struct turn turn = reach_file("fsync", GROWS | INTERRUPTIBLE, file);
    MAKE(turn, flushed(turn, file, REAL(fsync)(file)));
}

int fdatasync(int file) {
    struct turn turn = reach_file("fdatasync", GROWS | INTERRUPTIBLE, file);
    MAKE(turn, flushed(turn, file, REAL(fdatasync)(file)));
}

int syncfs(int file) {
    struct turn turn = reach_file("syncfs", GROWS, file);
    MAKE(turn, flushed(turn, -1, REAL(syncfs)(file)));
}

// Names

static int creates(int flags) { return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE; }

int openat(int directory, const char *path, int flags, ...) {
    mode_t mode = 0;
    if (creates(flags)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
        struct turn turn = reach_at("open", GROWS | INTERRUPTIBLE, directory, path);
        MAKE(turn, REAL(openat)(directory, path, flags, mode));
    }
    return REAL(openat)(directory, path, flags);
}

#define OPEN(name, before, directory)                                         \
    int name before {                                                         \
        mode_t mode = 0;                                                      \
        va_list rest;                                                         \
        va_start(rest, flags);                                                \
        if (creates(flags)) mode = va_arg(rest, mode_t);                      \
        va_end(rest);                                                         \
        return openat(directory, path, flags, mode);                          \
    }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD)
OPEN(openat64, (int directory, const char *path, int flags, ...), directory)

int mkdirat(int directory, const char *path, mode_t mode) {
    struct turn turn = reach_at("mkdir", GROWS, directory, path);
    MAKE(turn, REAL(mkdirat)(directory, path, mode));
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int unlinkat(int directory, const char *path, int flags) {
    struct turn turn = reach_at(flags & AT_REMOVEDIR ? "rmdir" : "unlink", 0, directory, path);
    MAKE(turn, REAL(unlinkat)(directory, path, flags));
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int linkat(int from, const char *old, int to, const char *new, int flags) {
    struct turn turn = reach_at("link", GROWS, to, new);
    MAKE(turn, REAL(linkat)(from, old, to, new, flags));
}

int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    struct turn turn = reach_at("rename", GROWS, to, new);
    MAKE(turn, (int)REAL(syscall)(SYS_renameat2, from, old, to, new, flags));
}

int renameat(int from, const char *old, int to, const char *new) { return renameat2(from, old, to, new, 0); }
int rename(const char *old, const char *new) { return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }

int fchmod(int file, mode_t mode) {
    struct turn turn = reach_file("chmod", 0, file);
    MAKE(turn, REAL(fchmod)(file, mode));
}

int chmod(const char *path, mode_t mode) {
    struct turn turn = reach("chmod", 0, path);
    MAKE(turn, REAL(chmod)(path, mode));
}

/// The calls that the C library has no function for.
long syscall(long number, ...) {
    long a[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
    va_end(rest);
    if (number == SYS_renameat2)
        return renameat2((int)a[0], (const char *)a[1], (int)a[2], (const char *)a[3], (unsigned)a[4]);
    static __typeof__(&syscall) real;
    if (!real) real = REAL(syscall);
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
