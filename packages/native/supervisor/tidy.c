/* What processes leave behind, in the process table and on disk. */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor.h"

#define BESIDE ".beside"

static pid_t strangers[256]; /* children of who became us: not ours to end */
static int stranger_count;

static int list_children(pid_t *pids, int most) {
    char path[48], list[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, list, sizeof list - 1);
    if (fd >= 0) close(fd);
    list[len < 0 ? 0 : len] = '\0';
    int count = 0;
    for (char *at = list, *end; count < most && *at; at = end) {
        long pid = strtol(at, &end, 10);
        if (pid <= 1) break; /* the end; and 0 would be our whole process group */
        pids[count++] = (pid_t)pid;
    }
    return count;
}

/* Before the first process is started. */
void spare_children(void) { stranger_count = list_children(strangers, sizeof strangers / sizeof *strangers); }

/* Ends processes that a library has forked and that outlived their parent, which makes them ours (PR_SET_CHILD_SUBREAPER).
 * Whether there were any: they end a little later, and leave us those that they have forked.
 * Where the kernel doesn't list children (CONFIG_PROC_CHILDREN) those that made a process group of their own stay. */
bool kill_strays(void) {
    pid_t pids[512];
    if (getpid() == 1) return false; /* everybody's orphans are ours then, and they end with us */
    bool any = false;
    int count = list_children(pids, sizeof pids / sizeof *pids);
    for (int i = 0; i < count; i++) {
        bool spared = false;
        for (const worker *worker = workers; worker < workers + WORKERS_MAX; worker++)
            spared |= worker->state != GONE && worker->pid == pids[i];
        for (int j = 0; j < stranger_count; j++) spared |= strangers[j] == pids[i];
        if (spared) continue;
        any = true;
        kill(pids[i], SIGKILL);
    }
    return any;
}

/* Whoever cleans temporary files may have removed it, and another user made one of its name. */
static bool is_ours(const char *directory) {
    struct stat stat;
    return lstat(directory, &stat) == 0 && S_ISDIR(stat.st_mode) && stat.st_uid == geteuid();
}

void write_file(const char *directory, const char *name, const char *text) {
    char path[4096], whole[4096 + 8];
    if (!is_ours(directory)) return;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    snprintf(whole, sizeof whole, "%s.new", path);
    int fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return;
    bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    if (written) rename(whole, path);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *place) {
    (void)stat, (void)place;
    /* A copy that had to lie beside its original; run-directory.ts makes such links. */
    char target[4096];
    size_t len = strlen(path), suffix = sizeof BESIDE - 1;
    if (type == FTW_SL && len > suffix && strcmp(path + len - suffix, BESIDE) == 0) {
        ssize_t found = readlink(path, target, sizeof target - 1);
        target[found < 0 ? 0 : found] = '\0';
        unlink(target);
    }
    remove(path);
    return 0;
}

void remove_directory(const char *path) {
    if (is_ours(path)) nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
