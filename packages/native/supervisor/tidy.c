/* What processes leave behind, in the process table and on disk. */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor.h"

/* Ends processes that a library has forked and that outlived their parent, which makes them ours (PR_SET_CHILD_SUBREAPER).
 * Where the kernel doesn't list children (CONFIG_PROC_CHILDREN) those that made a process group of their own stay. */
void kill_strays(void) {
    char path[48], list[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t len = read(fd, list, sizeof list - 1);
    close(fd);
    if (len <= 0) return;
    list[len] = '\0';
    for (char *at = list, *end; *at; at = end) {
        pid_t pid = (pid_t)strtol(at, &end, 10);
        if (end == at) return;
        bool ours = false;
        for (const worker *worker = workers; worker < workers + WORKERS_MAX; worker++)
            ours |= worker->state != GONE && worker->pid == pid;
        if (!ours && pid > 1) kill(pid, SIGKILL);
    }
}

void write_file(const char *directory, const char *name, const char *text) {
    char path[4096], whole[4096 + 8];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    snprintf(whole, sizeof whole, "%s.new", path);
    int fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return;
    bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    if (written) rename(whole, path);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *place) {
    (void)stat, (void)type, (void)place;
    remove(path);
    return 0;
}

void remove_directory(const char *path) { nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS); }
