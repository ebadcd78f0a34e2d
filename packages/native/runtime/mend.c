/* What a library can change of the whole process and the loop's thread, and what we put back: the handlers of signals,
 * which of them are blocked, the umask, the working directory. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "thread.h"

static const int watched[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGCHLD};
#define WATCHED (sizeof watched / sizeof *watched)

static struct {
    bool known;
    struct sigaction actions[WATCHED];
    sigset_t blocked;
    mode_t umask;
    int directory; /* -1: it can't be opened */
    struct stat stat;
} own;

static void look(void) {
    for (size_t i = 0; i < WATCHED; i++) sigaction(watched[i], NULL, &own.actions[i]);
    pthread_sigmask(SIG_SETMASK, NULL, &own.blocked);
    umask(own.umask = umask(0));
    own.directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (own.directory >= 0) fstat(own.directory, &own.stat);
    fl_descriptors_look();
    own.known = true;
}

static bool mend_handlers(void) {
    bool changed = fl_guard_mend();
    for (size_t i = 0; i < WATCHED; i++) {
        struct sigaction now;
        sigaction(watched[i], NULL, &now);
        if (now.sa_sigaction == own.actions[i].sa_sigaction) continue;
        sigaction(watched[i], &own.actions[i], NULL);
        changed = true;
    }
    return changed;
}

static bool mend_mask(void) {
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    for (int signal = 1; signal < NSIG; signal++) {
        if (sigismember(&now, signal) == sigismember(&own.blocked, signal)) continue;
        pthread_sigmask(SIG_SETMASK, &own.blocked, NULL);
        return true;
    }
    return false;
}

static bool mend_directory(void) {
    struct stat now;
    if (own.directory < 0) return false;
    bool same = stat(".", &now) == 0 && now.st_dev == own.stat.st_dev && now.st_ino == own.stat.st_ino;
    return !same && fchdir(own.directory) == 0;
}

/* On the loop. The first call takes what is for what should be; each later one puts that back, and gives what had been
 * changed: 1 handlers, 2 blocked signals, 4 umask, 8 working directory, 16 descriptors 0 to 2. 32: others were closed
 * without which the process can't go on. */
FL_EXPORT int32_t fl_mend(void) {
    if (!own.known) {
        look();
        return 0;
    }
    return (mend_handlers() ? 1 : 0) | (mend_mask() ? 2 : 0) | (umask(own.umask) != own.umask ? 4 : 0) |
           (mend_directory() ? 8 : 0) | (fl_descriptors_mend() ? 16 : 0) | (fl_descriptors_whole() ? 0 : 32);
}
