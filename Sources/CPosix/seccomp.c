// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// What a worker may ask of the kernel: memory, time, reading, and writing to what it has open.
// Everything else is refused with EPERM, which libraries survive; execve, fork, threads, sockets and signals to others are not here.
static const int allowed[] = {
    // reading, and writing to what is open
    SYS_read, SYS_pread64, SYS_readv, SYS_write, SYS_writev, SYS_lseek, SYS_close, SYS_fstat, SYS_newfstatat, SYS_statx,
    SYS_faccessat, SYS_faccessat2, SYS_readlinkat, SYS_getdents64, SYS_getcwd, SYS_fadvise64, SYS_recvmsg, SYS_sendmsg, SYS_dup, SYS_dup3,
    SYS_pipe2, SYS_ppoll, SYS_pselect6, SYS_eventfd2, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_timerfd_create, SYS_timerfd_settime,
    // memory
    SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_membarrier,
    // its one thread and its signals
    SYS_futex, SYS_set_robust_list, SYS_rseq, SYS_gettid, SYS_getpid, SYS_sched_yield, SYS_sched_getaffinity, SYS_rt_sigaction,
    SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall, SYS_exit, SYS_exit_group,
    // what the machine and the process are
    SYS_uname, SYS_sysinfo, SYS_getrusage, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getrandom,
    SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday,
    // giving up more: landlock(7)
    444, 445, 446,
#ifdef SYS_open
    SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_dup2, SYS_poll, SYS_select, SYS_epoll_wait, SYS_time,
#endif
};

// Calls that are allowed where (argument & mask) == value; several of one call are alternatives. All are of type int, or have
// nothing above bit 31 that the kernel looks at.
struct condition { int call, argument; uint32_t mask, value; };

#define WRITES (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))
enum { WHOLE = -1 };

static const struct condition conditions[] = {
    {SYS_openat, 2, WRITES, O_RDONLY},
#ifdef SYS_open
    {SYS_open, 1, WRITES, O_RDONLY},
#endif
    {SYS_mmap, 2, PROT_EXEC, 0},  // no new code
    {SYS_mprotect, 2, PROT_EXEC, 0},
    {SYS_prctl, 0, WHOLE, PR_SET_NAME},
    {SYS_prlimit64, 0, WHOLE, 0},  // its own
    {SYS_fcntl, 1, WHOLE, F_GETFD},
    {SYS_fcntl, 1, WHOLE, F_SETFD},
    {SYS_fcntl, 1, WHOLE, F_GETFL},
    {SYS_fcntl, 1, WHOLE, F_SETFL},
    {SYS_fcntl, 1, WHOLE, F_DUPFD_CLOEXEC},
};

// Refused before these are looked at: memory that is not counted as data (setrlimit(2)).
static const struct condition refused[] = {
    {SYS_mmap, 3, MAP_SHARED | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS},
    {SYS_mmap, 3, MAP_GROWSDOWN, MAP_GROWSDOWN},
};

// Their arguments lie in memory, where a filter cannot look: as on a kernel without them, libraries take the older call.
static const int unknown[] = {SYS_clone3, 437 /* openat2 */};

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define FIELD(name) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define UNLESS_EQUAL_SKIP(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)

struct program {
    struct sock_filter lines[8 + 2 * COUNT(allowed) + 2 * COUNT(unknown) + 6 * (COUNT(refused) + COUNT(conditions) + 1)];
    unsigned short length;
};

static void add(struct program *program, struct sock_filter line) { program->lines[program->length++] = line; }

static void add_answer(struct program *program, int call, uint32_t answer) {
    add(program, (struct sock_filter)UNLESS_EQUAL_SKIP((uint32_t)call, 1));
    add(program, (struct sock_filter)RETURN(answer));
}

static void add_condition(struct program *program, struct condition it, uint32_t answer) {
    add(program, (struct sock_filter)UNLESS_EQUAL_SKIP((uint32_t)it.call, 5));
    // The low half, on the little-endian machines that we build for.
    add(program, (struct sock_filter)FIELD(args[it.argument]));
    add(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, it.mask));
    add(program, (struct sock_filter)UNLESS_EQUAL_SKIP(it.value, 1));
    add(program, (struct sock_filter)RETURN(answer));
    add(program, (struct sock_filter)FIELD(nr));
}

int cposix_filter_calls(void) {
#ifndef ARCHITECTURE
    errno = ENOSYS;
    return -1;
#else
    struct program program = {.length = 0};
    add(&program, (struct sock_filter)FIELD(arch));
    add(&program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
    add(&program, (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS));
    add(&program, (struct sock_filter)FIELD(nr));
    for (size_t i = 0; i < COUNT(allowed); i++) add_answer(&program, allowed[i], SECCOMP_RET_ALLOW);
    for (size_t i = 0; i < COUNT(unknown); i++) add_answer(&program, unknown[i], SECCOMP_RET_ERRNO | ENOSYS);
    for (size_t i = 0; i < COUNT(refused); i++) add_condition(&program, refused[i], SECCOMP_RET_ERRNO | EPERM);
    for (size_t i = 0; i < COUNT(conditions); i++) add_condition(&program, conditions[i], SECCOMP_RET_ALLOW);
    add_condition(&program, (struct condition){SYS_tgkill, 0, (uint32_t)WHOLE, (uint32_t)getpid()}, SECCOMP_RET_ALLOW);  // abort(3)
    add(&program, (struct sock_filter)RETURN(SECCOMP_RET_ERRNO | EPERM));
    struct sock_fprog filter = {program.length, program.lines};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
#endif
}
