/* Runs the probe: a process of its own opens each new build first, so that a constructor that crashes, blocks, exits
 * or overwrites memory costs that process and not this one. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 10 /* how often we look whether it has ended */

/* In the new process fd stays open under its number. By way of a duplicate: before glibc 2.29 dup2 to itself does nothing. */
static int keep(posix_spawn_file_actions_t *actions, int fd, int *duplicate) {
    *duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return *duplicate < 0 ? errno : posix_spawn_file_actions_adddup2(actions, *duplicate, fd);
}

/* Signals stay as they are on this thread, so that constructors find what they will find here. Gives errno. */
static int spawn(const char *program, const char *path, int outcome, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char number[16];
    int memory = fl_memory_of(path), duplicates[2] = {-1, -1};
    snprintf(number, sizeof number, "%d", outcome);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP); /* its group is its own: it is ended as a whole */
    int error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
    for (int fd = 1; !error && fd <= 2; fd++) error = posix_spawn_file_actions_adddup2(&actions, 0, fd);
    if (!error) error = keep(&actions, outcome, &duplicates[0]);
    if (!error && memory >= 0) error = keep(&actions, memory, &duplicates[1]);
    char *arguments[] = {"flexilib-probe", (char *)path, number, NULL};
    if (!error) error = posix_spawn(pid, program, &actions, &attributes, arguments, environ);
    for (int i = 0; i < 2; i++)
        if (duplicates[i] >= 0) close(duplicates[i]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* It stays a zombie, so that its number, which is its group's too, isn't given away. */
static bool has_ended(pid_t pid) {
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return true; /* an executor has waited for it */
    return info.si_pid == pid;
}

/* Reads until all is told, it has ended, or it is too late: then false. got: bytes of told. The end of the file alone
 * says little: a process that it has forked holds the pipe, and it may close what it didn't open. */
static bool listen_to(pid_t pid, int fd, double deadline, fl_outcome_told *told, size_t *got) {
    bool ended = false;
    while (*got < sizeof *told) {
        double left = deadline - fl_now_ms();
        if (left <= 0) return false;
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        if (poll(&readable, 1, ended ? 0 : left < LOOK_MS ? (int)left + 1 : LOOK_MS) > 0) {
            ssize_t n = read(fd, (char *)told + *got, sizeof *told - *got);
            if (n > 0) *got += (size_t)n;
            if (n > 0 || (n < 0 && errno == EINTR)) continue;
            fd = -1; /* which poll(2) passes over */
        }
        if (ended) return true;
        ended = has_ended(pid);
    }
    return true;
}

/* Ends it and what it has forked; gives its status. */
static int end(pid_t pid) {
    int status = 0;
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL); /* it may have gone to another group */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR);
    return status;
}

static void judge(fl_library *library, const fl_outcome_told *told, bool in_time, int status, double timeout_ms) {
    char text[96];
    if (!in_time) {
        snprintf(text, sizeof text, "its constructor did not return within %g s", timeout_ms / 1e3);
        fl_library_fail(library, FL_LOAD_TIMEOUT, text);
    } else if (told) {
        /* A library that wouldn't link may link here, where others have loaded what it needs; if not, no harm is done. */
        if (told->failure != FL_DLOPEN) fl_library_fail(library, (enum fl_load_failure)told->failure, told->error);
    } else if (WIFSIGNALED(status)) {
        snprintf(text, sizeof text, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
        fl_library_fail(library, FL_LOAD_CRASHED, text);
    } else {
        snprintf(text, sizeof text, "its constructor called exit(%d)", WEXITSTATUS(status));
        fl_library_fail(library, FL_LOAD_CRASHED, text);
    }
}

/* Opens the library in a process of its own and sets failure and error; or unprobed, an errno, where there can be no
 * such process: that is no fault of the library's. Takes timeout_ms at most. On a thread of ours. */
void fl_probe(fl_library *library) {
    int ends[2];
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        library->unprobed = errno;
        return;
    }
    double deadline = fl_now_ms() + library->timeout_ms;
    library->unprobed = spawn(library->probe, library->path, ends[1], &pid);
    close(ends[1]);
    if (!library->unprobed) {
        fl_outcome_told told = {0};
        size_t got = 0;
        bool in_time = listen_to(pid, ends[0], deadline, &told, &got);
        int status = end(pid);
        told.error[sizeof told.error - 1] = '\0';
        if (got < sizeof told.begun) library->unprobed = ENOEXEC; /* it was started, and got nowhere */
        else judge(library, got == sizeof told ? &told : NULL, in_time, status, library->timeout_ms);
    }
    close(ends[0]);
}
