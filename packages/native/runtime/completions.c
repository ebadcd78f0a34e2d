/* What has happened on other threads, on its way to the loop: one list, announced by an eventfd. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "runtime.h"

typedef struct {
    int32_t event, id;
} completion;

static struct {
    pthread_mutex_t lock;
    completion *items; /* a growing array: a completion is never lost, and never waits */
    size_t len, capacity;
    int fd;
} done = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

static void complete(enum fl_event event, int32_t id) {
    pthread_mutex_lock(&done.lock);
    if (done.len == done.capacity) {
        size_t capacity = done.capacity ? 2 * done.capacity : 64;
        completion *items = realloc(done.items, capacity * sizeof *items);
        if (!items) abort(); /* without it a request would hang for ever */
        done.items = items;
        done.capacity = capacity;
    }
    bool first = done.len == 0;
    done.items[done.len++] = (completion){(int32_t)event, id};
    pthread_mutex_unlock(&done.lock);
    if (first) eventfd_write(done.fd, 1);
}

void fl_complete_call(fl_call *call) { complete(FL_EVENT_CALL, call->id); }
void fl_complete_library(enum fl_event event, fl_library *library) { complete(event, library->id); }
void fl_complete_log(void) { complete(FL_EVENT_LOG, 0); }

/* Takes up to max completions as pairs (event, id) and gives their number. On the loop, when the fd is readable. */
FL_EXPORT int32_t fl_reap(int32_t *pairs, int32_t max) {
    eventfd_t ignored;
    eventfd_read(done.fd, &ignored);
    pthread_mutex_lock(&done.lock);
    size_t n = done.len < (size_t)max ? done.len : (size_t)max;
    for (size_t i = 0; i < n; i++) {
        pairs[2 * i] = done.items[i].event;
        pairs[2 * i + 1] = done.items[i].id;
    }
    for (size_t i = n; i < done.len; i++) done.items[i - n] = done.items[i];
    done.len -= n;
    bool more = done.len > 0;
    pthread_mutex_unlock(&done.lock);
    if (more) eventfd_write(done.fd, 1);
    return (int32_t)n;
}

/* Gives the eventfd, or -errno. */
int fl_completions_open(void) {
    done.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return done.fd < 0 ? -errno : done.fd;
}

void fl_completions_close(void) {
    close(done.fd);
    done.fd = -1;
}
