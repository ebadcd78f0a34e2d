/* flexilib-supervisor --workers N --listening TEXT [--listener FD]... [--directory DIR] -- COMMAND...
 * Started by `flexilib serve` in its own place, with the listening sockets open. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "supervisor.h"

#define WAIT_MS 60000
#define OVERSLEPT_MS 500
/* Descriptors that it is started with: few, and small numbers. */
#define INHERITED_MAX 1024

options given = {.workers = 1, .listening = ""};

int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static bool read_options(char **arg) {
    for (arg++; *arg && strcmp(*arg, "--") != 0; arg += 2) {
        char *value = arg[1];
        if (!value) return false;
        if (strcmp(*arg, "--workers") == 0) given.workers = atoi(value);
        else if (strcmp(*arg, "--listening") == 0) given.listening = value;
        else if (strcmp(*arg, "--directory") == 0) given.directory = value;
        else if (strcmp(*arg, "--listener") == 0 && given.listener_count < LISTENERS_MAX)
            given.listeners[given.listener_count++] = atoi(value);
        else return false;
    }
    given.command = *arg ? arg + 1 : NULL;
    return given.command && given.command[0] && given.workers >= 1 && given.workers <= SLOTS_MAX;
}

static int open_signals(void) {
    static const int ours[] = {SIGHUP, SIGTERM, SIGINT, SIGUSR2, SIGCHLD};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        signal(ours[i], SIG_DFL); /* an ignored one would not be queued, and children ignored would not be told of */
        sigaddset(&set, ours[i]);
    }
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_SETMASK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void on_signal(int signal) {
    switch (signal) {
    case SIGCHLD: workers_reap(); break;
    case SIGUSR2: slots_upgrade(); break;
    case SIGHUP: slots_reload(); break;
    default: slots_end(signal);
    }
}

static void wait_for_events(int signals) {
    struct pollfd fds[1 + WORKERS_MAX];
    worker *of[1 + WORKERS_MAX];
    nfds_t count = 0;
    fds[count++] = (struct pollfd){.fd = signals, .events = POLLIN};
    for (worker *worker = workers; worker < workers + WORKERS_MAX; worker++) {
        if (worker->state == GONE || worker->channel < 0) continue;
        of[count] = worker;
        fds[count++] = (struct pollfd){.fd = worker->channel, .events = POLLIN};
    }
    int64_t wait = slots_next() - now();
    if (wait < 0) wait = 0;
    if (wait > WAIT_MS) wait = WAIT_MS;
    int64_t until = now() + wait;
    int ready = poll(fds, count, (int)wait);
    if (now() - until > OVERSLEPT_MS) workers_pardon(); /* we were stopped, and so were they */
    if (ready <= 0) return;
    for (nfds_t i = 1; i < count; i++)
        if (fds[i].revents) workers_hear(of[i]);
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == (ssize_t)sizeof info) on_signal((int)info.ssi_signo);
}

int main(int argc, char **argv) {
    (void)argc;
    say_open();
    if (!read_options(argv)) {
        say(ERROR, "flexilib-supervisor is started by `flexilib serve`");
        return 2;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    spare_children();
    for (int fd = STDERR_FILENO + 1; fd < INHERITED_MAX; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC); /* become() names the exceptions */
    int signals = open_signals();
    if (signals < 0) {
        say(ERROR, "signalfd: %s", strerror(errno));
        return 1;
    }
    for (slots_begin();;) {
        slots_tick();
        wait_for_events(signals);
    }
}
