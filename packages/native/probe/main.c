/* flexilib-probe PATH DESCRIPTOR: opens a library as the server will, and writes to the descriptor how that went.
 * Whatever the library's constructors do meanwhile costs this process only. runtime/probe.c runs it. */
#include <dirent.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "probe.h"
#include "thread.h"

static fl_library library;
static int descriptor;

static void tell(const void *from, size_t len) {
    if (write(descriptor, from, len) != (ssize_t)len) _exit(1);
}

/* Descriptors that an executor in the server has opened without O_CLOEXEC. */
static void close_others(int memory) {
    DIR *all = opendir("/proc/self/fd");
    if (!all) return;
    for (const struct dirent *entry; (entry = readdir(all));) {
        int fd = atoi(entry->d_name);
        if (fd > 2 && fd != descriptor && fd != memory && fd != dirfd(all)) close(fd);
    }
    closedir(all);
}

/* On a thread, as in the server: its stack, its blocked signals, and a constructor that ends it, are the same. */
static void *open_library(void *arg) {
    (void)arg;
    if (!fl_thread_enter("flexilib-load", 0)) _exit(1);
    static const fl_outcome_told begun = {.begun = 1};
    tell(&begun, sizeof begun.begun);
    fl_library_fail(&library, FL_LOAD_CRASHED, "its constructor called pthread_exit");
    fl_library opened = library;
    opened.failure = FL_LOADED;
    fl_library_guarded(&opened, fl_library_open, false);
    library = opened;
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    library.path = argv[1];
    descriptor = atoi(argv[2]);
    close_others(fl_memory_of(library.path));
    pthread_t thread;
    if (!fl_guard_install() || !fl_thread_start(open_library, NULL, &thread)) return 1;
    pthread_join(thread, NULL);
    fl_outcome_told told = {.failure = library.failure};
    snprintf(told.error, sizeof told.error, "%s", library.error);
    tell(&told.failure, sizeof told - sizeof told.begun);
    _exit(0); /* no destructors: they could still crash or block */
}
