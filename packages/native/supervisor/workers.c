/* Serving processes: how they start, what they say, how they end. Each has a channel, a pair of sockets, of which
 * the other end lives and dies with the process. From it: r ready, b beat, x it may be damaged, s<why> to be
 * replaced, h all are to reload. To it: h reload, t end, d leave to a successor. Signals could be blocked by a library. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor.h"

/* A process may take so long to start. */
#define START_MS 60000
#define MESSAGE_MAX 512

extern char **environ;
worker workers[WORKERS_MAX];

static void set_number(const char *name, int number) {
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    setenv(name, text, 1);
}

/* In the new process. Does not return. */
static void become(const worker *self, int channel) {
    static const char *const kinds[] = {"first", "successor", "upgrade"};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0); /* a terminal's Ctrl-C is ours alone, and what the process forks can be found */
    for (int i = 0; i < given.listener_count; i++) fcntl(given.listeners[i], F_SETFD, 0);
    fcntl(channel, F_SETFD, 0);
    set_number("FLEXILIB_CHANNEL", channel);
    setenv("FLEXILIB_START", kinds[self->kind], 1);
    set_number("FLEXILIB_SLOT", self->slot);
    unsetenv("NOTIFY_SOCKET");
    execve(given.command[0], given.command, environ);
    say(ERROR, "%s: %s", given.command[0], strerror(errno));
    _exit(127);
}

/* NULL when the system has no room for one. */
worker *worker_start(int slot, enum kind kind) {
    worker *worker = workers;
    while (worker < workers + WORKERS_MAX && worker->state != GONE) worker++;
    int pair[2];
    if (worker == workers + WORKERS_MAX || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return NULL;
    int64_t at = now();
    *worker = (struct worker){.state = STARTING, .kind = kind, .channel = pair[0], .slot = slot,
                              .since = at, .beat = at, .silence = START_MS};
    worker->pid = fork();
    if (worker->pid == 0) become(worker, pair[1]);
    close(pair[1]);
    if (worker->pid > 0) return worker;
    close(pair[0]);
    worker->state = GONE;
    return NULL;
}

void worker_tell(worker *worker, char command) {
    if (worker->channel >= 0) send(worker->channel, &command, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void worker_leave(worker *worker, char command, int64_t within) {
    worker_tell(worker, command);
    if (worker->state != LEAVING) worker->since = now();
    worker->state = LEAVING;
    worker->leave = now() + within;
}

void worker_kill(worker *worker, const char *why) {
    if (!worker->killed) say(ERROR, "process %d %s: killed", worker->pid, why);
    worker->killed = true;
    kill(worker->pid, SIGKILL);
}

/* A debugger holds it: proc_pid_status(5). */
bool worker_is_traced(const worker *worker) {
    char path[32], status[2048];
    snprintf(path, sizeof path, "/proc/%d/status", worker->pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, status, sizeof status - 1);
    if (fd >= 0) close(fd);
    status[len < 0 ? 0 : len] = '\0';
    const char *tracer = strstr(status, "\nTracerPid:\t");
    return tracer != NULL && tracer[12] != '0';
}

void workers_hear(worker *worker) {
    char message[MESSAGE_MAX + 1];
    ssize_t len;
    while ((len = recv(worker->channel, message, MESSAGE_MAX, MSG_DONTWAIT)) > 0) {
        message[len] = '\0';
        worker->beat = now();
        switch (message[0]) {
        case 'r': slots_ready(worker); break;
        case 'x': slots_damaged(worker); break;
        case 's': slots_suspect(worker, message + 1); break;
        case 'h': slots_reload(); break;
        }
    }
    if (len < 0 && (errno == EAGAIN || errno == EINTR)) return;
    /* Its end is closed: it has ended, or something in it has closed every descriptor. */
    close(worker->channel);
    worker->channel = -1;
    worker->silence = 200;
    worker->beat = now();
}

/* Nobody has been silent. */
void workers_pardon(void) {
    for (worker *worker = workers; worker < workers + WORKERS_MAX; worker++) worker->beat = now();
}

/* Everything that has ended, be it ours or left to us: as the first process of a container it is all that end. */
void workers_reap(void) {
    static bool strays; /* some are being killed */
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        for (worker *worker = workers; worker < workers + WORKERS_MAX; worker++) {
            if (worker->state == GONE || worker->pid != pid) continue;
            kill(-pid, SIGKILL); /* what it has forked */
            strays = true;
            if (worker->channel >= 0) workers_hear(worker); /* its last words */
            if (worker->channel >= 0) close(worker->channel);
            worker->channel = -1;
            struct worker ended = *worker;
            worker->state = GONE;
            slots_ended(&ended, status);
        }
    }
    if (strays) strays = kill_strays();
}
