/* Descriptors that a library has closed: the standard ones are put back, without the loop's own nobody can go on. Their
 * numbers are given to the next connections, which would get what is written there. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "thread.h"

#define STANDARD (STDERR_FILENO + 1)
#define OWN_MAX 64

typedef struct {
    int fd;
    struct stat stat;
} known;

static struct {
    int copies[STANDARD]; /* -1: it wasn't open */
    known standard[STANDARD], own[OWN_MAX];
    int count;
} before;

static bool is_same(const known *known) {
    struct stat now;
    return fstat(known->fd, &now) == 0 && now.st_dev == known->stat.st_dev && now.st_ino == known->stat.st_ino;
}

/* What the loop waits on and is woken by, and the sockets that it listens on; files come and go. */
static bool is_vital(int fd) {
    static const char *const kinds[] = {"anon_inode:[event", "anon_inode:[io_uring]", "pipe:", "socket:"};
    char path[32], to[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(path, to, sizeof to - 1);
    if (len < 0) return false;
    to[len] = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(to, kinds[i], strlen(kinds[i])) == 0) return true;
    return false;
}

/* Before there are connections, and before any library has run. */
void fl_descriptors_look(void) {
    for (int fd = 0; fd < STANDARD; fd++) {
        before.copies[fd] = fcntl(fd, F_DUPFD_CLOEXEC, STANDARD);
        before.standard[fd].fd = fd;
        fstat(fd, &before.standard[fd].stat);
    }
    DIR *all = opendir("/proc/self/fd");
    for (const struct dirent *entry; all && before.count < OWN_MAX && (entry = readdir(all));) {
        known *next = &before.own[before.count];
        next->fd = atoi(entry->d_name);
        if (next->fd >= STANDARD && is_vital(next->fd) && fstat(next->fd, &next->stat) == 0) before.count++;
    }
    if (all) closedir(all);
}

/* True: some of the first three were not what they had been. */
bool fl_descriptors_mend(void) {
    bool changed = false;
    for (int fd = 0; fd < STANDARD; fd++) {
        if (before.copies[fd] < 0 || is_same(&before.standard[fd])) continue;
        changed |= dup2(before.copies[fd], fd) == fd;
    }
    return changed;
}

/* False: the process can't go on. */
bool fl_descriptors_whole(void) {
    for (int i = 0; i < before.count; i++)
        if (!is_same(&before.own[i])) return false;
    return true;
}
