// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "fault.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

/// One file that was written to. Its descriptor is ours and never closed: closing would drop the process's locks (fcntl(2)).
struct file {
    dev_t device;
    ino_t inode;
    off_t flushed;
    int descriptor;
    int is_dirty;
};

static struct file files[1024];
static int count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct file *find(const struct stat *status) {
    for (int i = 0; i < count; i++)
        if (files[i].device == status->st_dev && files[i].inode == status->st_ino) return &files[i];
    return 0;
}

void fault_dirties(int descriptor, int cuts) {
    struct stat status;
    if (!cuts || fstat(descriptor, &status) < 0 || !S_ISREG(status.st_mode)) return;
    pthread_mutex_lock(&lock);
    struct file *file = find(&status);
    if (!file && count < (int)(sizeof files / sizeof *files)) {
        file = &files[count++];
        *file = (struct file){status.st_dev, status.st_ino, 0, fcntl(descriptor, F_DUPFD_CLOEXEC, 100), 0};
    }
    if (file && !file->is_dirty) {
        file->flushed = status.st_size;
        file->is_dirty = 1;
    }
    pthread_mutex_unlock(&lock);
}

void fault_flushed(int descriptor) {
    struct stat status;
    pthread_mutex_lock(&lock);
    if (descriptor < 0) {
        for (int i = 0; i < count; i++) files[i].is_dirty = 0;
    } else if (fstat(descriptor, &status) == 0) {
        struct file *file = find(&status);
        if (file) file->is_dirty = 0;
    }
    pthread_mutex_unlock(&lock);
}

void fault_cut(void) {
    int (*truncate)(int, off_t) = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate");
    pthread_mutex_lock(&lock);
    for (int i = 0; i < count; i++) {
        struct stat status;
        if (files[i].is_dirty && fstat(files[i].descriptor, &status) == 0 && status.st_size > files[i].flushed)
            truncate(files[i].descriptor, files[i].flushed);
    }
    // The lock is kept: nobody writes any more.
}
