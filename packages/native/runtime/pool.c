/* The pool: threads without V8 take calls from one queue, in order. One mutex guards it: a queue operation is some
 * 50 ns, a call to an executor is thousands. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "thread.h"

/* The loop writes, the pool's threads read. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    fl_call *first, *last;
    int32_t waiting;     /* threads without work */
    int32_t unannounced; /* calls since the last fl_kick */
    bool stopping;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static struct {
    pthread_t *threads;
    int32_t count;
    size_t arena_reserve;
} pool;

static fl_call *next_call(void) {
    pthread_mutex_lock(&queue.lock);
    while (!queue.first && !queue.stopping) {
        queue.waiting++;
        pthread_cond_wait(&queue.filled, &queue.lock);
        queue.waiting--;
    }
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
        fl_call_run(call);
        fl_complete_call(call);
    }
    fl_thread_leave();
    return NULL;
}

/* As fl_invoke, on the pool; answers with FL_EVENT_CALL. What the call points to must stay valid until then. The
 * threads learn of it by fl_kick: many calls, one wake-up. */
FL_EXPORT void fl_submit(fl_call *call) {
    call->next = NULL;
    pthread_mutex_lock(&queue.lock);
    if (queue.first) queue.last->next = call;
    else queue.first = call;
    queue.last = call;
    queue.unannounced++;
    pthread_mutex_unlock(&queue.lock);
}

/* Wakes as many threads as there is new work for. */
FL_EXPORT void fl_kick(void) {
    pthread_mutex_lock(&queue.lock);
    int32_t wake = queue.unannounced < queue.waiting ? queue.unannounced : queue.waiting;
    queue.unannounced = 0;
    pthread_mutex_unlock(&queue.lock);
    while (wake-- > 0) pthread_cond_signal(&queue.filled);
}

/* Starts the threads and makes the calling one, the loop's, able to call executors too. Once a process.
 * arena_reserve: bytes held by each thread. Gives the eventfd that announces completions, or -errno. */
FL_EXPORT int32_t fl_start(int32_t threads, size_t arena_reserve) {
    if (pool.threads) return -EALREADY;
    if (!fl_guard_install()) return -errno;
    if (!fl_thread_enter(NULL, arena_reserve)) return -ENOMEM;
    pool.threads = calloc((size_t)threads, sizeof *pool.threads);
    if (!pool.threads) return -ENOMEM;
    int fd = fl_completions_open();
    if (fd < 0) return fd;
    pool.arena_reserve = arena_reserve;
    for (pool.count = 0; pool.count < threads; pool.count++)
        if (!fl_thread_start(work, (void *)(intptr_t)pool.count, &pool.threads[pool.count])) return -EAGAIN;
    return fd;
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
    fl_completions_close();
}
