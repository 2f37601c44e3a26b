// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CPosix.h"

#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// Files that this process relies on as they were when it opened them.

struct watched { int descriptor; off_t size; struct timespec written; };  // descriptor + 1, so that 0 is a free place

static struct watched files[256];

static struct watched *find(int descriptor) {
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i].descriptor == descriptor + 1) return &files[i];
    return NULL;
}

int cposix_watch(int descriptor) {
    struct stat status;
    struct watched *place = find(-1);
    if (!place || fstat(descriptor, &status) < 0) return -1;
    *place = (struct watched){descriptor + 1, status.st_size, status.st_mtim};
    return 0;
}

void cposix_unwatch(int descriptor) {
    struct watched *place = find(descriptor);
    if (place) place->descriptor = 0;
}

static int is_as_it_was(const struct watched *file) {
    struct stat status;
    return fstat(file->descriptor - 1, &status) == 0 && status.st_size == file->size
        && status.st_mtim.tv_sec == file->written.tv_sec && status.st_mtim.tv_nsec == file->written.tv_nsec;
}

int cposix_is_as_watched(int descriptor) {
    struct watched *place = find(descriptor);
    return place && is_as_it_was(place);
}

// Crashes

// What a process must still be able to map for its crash to have another cause than a lack of memory.
enum { PROBE = 256 << 20 };

static int status_of_exhaustion, status_of_change;

static void tell(int number, siginfo_t *info, void *context) {
    (void)context;
    // Bytes of a mapped file that are not there any more, or cannot be read.
    if (number == SIGBUS && info->si_code == BUS_ADRERR) _exit(status_of_change);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i].descriptor && !is_as_it_was(&files[i])) _exit(status_of_change);
    void *probe = mmap(NULL, PROBE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (probe == MAP_FAILED) _exit(status_of_exhaustion);
    munmap(probe, PROBE);
    raise(number);  // SA_RESETHAND: as if there had been no handler
}

void cposix_tell_crashes(int exhausted, int changed) {
    static const int crashes[] = {SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS};
    status_of_exhaustion = exhausted;
    status_of_change = changed;
    struct sigaction action = {.sa_sigaction = tell, .sa_flags = SA_SIGINFO | SA_RESETHAND | SA_NODEFER};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) sigaction(crashes[i], &action, NULL);
}
