// SPDX-License-Identifier: Apache-2.0
// What lies beneath the directory LCL_FAULT_REMOTE says that it is on an NFS server's disk (statfs(2)).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

int fstatfs(int file, struct statfs *info) {
    int result = ((__typeof__(&fstatfs))dlsym(RTLD_NEXT, "fstatfs"))(file, info);
    const char *place = getenv("LCL_FAULT_REMOTE");
    char link[32], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = result == 0 && place ? readlink(link, path, sizeof path) : -1;
    if (length >= 0 && (size_t)length >= strlen(place) && strncmp(path, place, strlen(place)) == 0) info->f_type = NFS_SUPER_MAGIC;
    return result;
}

int fstatfs64(int file, struct statfs64 *info) { return fstatfs(file, (struct statfs *)info); }
