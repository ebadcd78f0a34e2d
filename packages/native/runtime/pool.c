/* The pool: threads without V8 take calls from one queue, in order; completions go back through one list that an
 * eventfd announces. One mutex each: a queue operation is some 50 ns, a call to an executor is thousands. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "thread.h"

/* ---- completions: many threads write, the loop reads ---------------------------------------------------------- */

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

/* ---- the queue: the loop writes, the pool's threads read ---------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    fl_call *first, *last;
    bool stopping;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static struct {
    pthread_t *threads;
    int32_t count;
    size_t arena_reserve;
} pool;

static fl_call *next_call(void) {
    pthread_mutex_lock(&queue.lock);
    while (!queue.first && !queue.stopping) pthread_cond_wait(&queue.filled, &queue.lock);
    fl_call *call = queue.first;
    if (call) queue.first = call->next;
    pthread_mutex_unlock(&queue.lock);
    return call;
}

static void *work(void *arg) {
    char name[16];
    snprintf(name, sizeof name, "executor-%d", (int)(intptr_t)arg);
    if (!fl_thread_enter(name, pool.arena_reserve)) return NULL;
    for (fl_call *call; (call = next_call());) {
        fl_invoke(call, call->library, call->bytes, call->content, call->content_len, call->deadline_ms);
        fl_complete_call(call);
    }
    fl_thread_leave();
    return NULL;
}

/* As fl_invoke, on the pool; answers with FL_EVENT_CALL. call, bytes and content must stay valid until then. */
FL_EXPORT void fl_submit(fl_call *call, const fl_library *library, const char *bytes, const char *content,
                         size_t content_len, double deadline_ms) {
    call->library = library;
    call->bytes = bytes;
    call->content = content;
    call->content_len = content_len;
    call->deadline_ms = deadline_ms;
    call->next = NULL;
    pthread_mutex_lock(&queue.lock);
    if (queue.first) queue.last->next = call;
    else queue.first = call;
    queue.last = call;
    pthread_mutex_unlock(&queue.lock);
    pthread_cond_signal(&queue.filled);
}

/* Starts the threads and makes the calling one, the loop's, able to call executors too. Once a process.
 * arena_reserve: bytes held by each thread. Gives the eventfd that announces completions, or -errno. */
FL_EXPORT int32_t fl_start(int32_t threads, size_t arena_reserve) {
    if (done.fd >= 0) return -EALREADY;
    if (!fl_guard_install()) return -errno;
    if (!fl_thread_enter(NULL, arena_reserve)) return -ENOMEM;
    pool.threads = calloc((size_t)threads, sizeof *pool.threads);
    if (!pool.threads) return -ENOMEM;
    done.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (done.fd < 0) return -errno;
    pool.arena_reserve = arena_reserve;
    for (pool.count = 0; pool.count < threads; pool.count++)
        if (!fl_thread_start(work, (void *)(intptr_t)pool.count, &pool.threads[pool.count])) return -EAGAIN;
    return done.fd;
}

/* Ends the threads after the calls already submitted and waits for them. */
FL_EXPORT void fl_stop(void) {
    pthread_mutex_lock(&queue.lock);
    queue.stopping = true;
    pthread_mutex_unlock(&queue.lock);
    pthread_cond_broadcast(&queue.filled);
    for (int32_t i = 0; i < pool.count; i++) pthread_join(pool.threads[i], NULL);
    free(pool.threads);
    pool.threads = NULL;
    pool.count = 0;
    queue.stopping = false;
    close(done.fd);
    done.fd = -1;
}
