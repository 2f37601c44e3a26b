// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CPosix.h"

#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

// What a process must still be able to map for its crash to have another cause than a lack of memory.
enum { PROBE = 256 << 20 };

static int exit_status;

static void tell(int number) {
    void *probe = mmap(NULL, PROBE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (probe == MAP_FAILED) _exit(exit_status);
    munmap(probe, PROBE);
    raise(number);  // SA_RESETHAND: as if there had been no handler
}

void cposix_tell_exhaustion(int status) {
    static const int crashes[] = {SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS};
    exit_status = status;
    struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESETHAND | SA_NODEFER};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) sigaction(crashes[i], &action, NULL);
}
