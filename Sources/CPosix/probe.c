// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// Each tries something without doing harm where it may: a file that is not there is removed, a program that is not there run.
static long read_file(void) { return open("/etc/passwd", O_RDONLY | O_CLOEXEC); }
static long list_folder(void) { return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }
static long write_file(void) { return open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600); }
static long open_to_write(void) { return open("/dev/null", O_WRONLY | O_CLOEXEC); }
static long remove_file(void) { return unlink("/tmp/.lcld-not-there"); }
static long make_folder(void) { return mkdirat(AT_FDCWD, "/tmp", 0700); }
static long rename_file(void) { return renameat(AT_FDCWD, "/tmp/.lcld-not-there", AT_FDCWD, "/tmp/.lcld-nor-there"); }
static long unix_socket(void) { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }
static long internet_socket(void) { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }
static long run_program(void) { return execve("/.lcld-not-there", (char *const[]){0}, (char *const[]){0}); }
static long memory_file(void) { return syscall(SYS_memfd_create, "probe", 1); }
static long trace_process(void) { return ptrace(PTRACE_SEIZE, getppid(), 0, 0); }
static long signal_daemon(void) { return kill(getppid(), 0); }
static long new_namespace(void) { return unshare(CLONE_NEWUSER); }
static long new_rings(void) { return syscall(425 /* io_uring_setup */, 0, 0); }
static long load_bpf(void) { return syscall(SYS_bpf, 0, 0, 0); }
static long use_keys(void) { return syscall(SYS_keyctl, 0, 0, 0); }

static long fork_process(void) {
    long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    return child;
}

// Not a possible one: refused before that is noticed.
static long new_thread(void) { return syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0); }

static long uncounted_memory(void) {
    return (long)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static long read_memory(void) {
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)4096, 1};
    return process_vm_readv(getppid(), &here, 1, &there, 1, 0);
}

static long new_code(void) {
    return (long)mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long changed_code(void) {
    void *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long see_limits(void) {
    struct { uint64_t soft, hard; } limit;
    return syscall(SYS_prlimit64, getppid(), 7 /* RLIMIT_NOFILE */, 0, &limit);
}

static const struct { const char *name; long (*attempt)(void); } probes[] = {
    {"read a file", read_file}, {"list a folder", list_folder}, {"write a file", write_file}, {"open to write", open_to_write},
    {"remove a file", remove_file}, {"make a folder", make_folder}, {"rename a file", rename_file},
    {"unix socket", unix_socket}, {"internet socket", internet_socket}, {"run a program", run_program}, {"fork", fork_process},
    {"new thread", new_thread}, {"memory that is not counted", uncounted_memory},
    {"memory file", memory_file}, {"trace the daemon", trace_process}, {"read the daemon's memory", read_memory},
    {"signal the daemon", signal_daemon}, {"see the daemon's limits", see_limits}, {"new namespace", new_namespace},
    {"new code", new_code}, {"changed code", changed_code}, {"io_uring", new_rings}, {"bpf", load_bpf}, {"keys", use_keys},
};

const char *cposix_probe(int number, int *cause) {
    if (number < 0 || (size_t)number >= sizeof probes / sizeof *probes) return 0;
    errno = 0;
    *cause = probes[number].attempt() == -1 ? errno : 0;
    return probes[number].name;
}
