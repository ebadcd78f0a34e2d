/* The pool: threads without V8 take calls in the order in which they came. Calls that the loop expects to be long have a
 * lane of their own, and when they hold every thread, one more thread runs the quick ones: who is slow takes the time
 * from himself. One mutex guards it all: a queue operation is some 50 ns, a call to an executor is thousands. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "thread.h"

typedef struct {
    fl_call *first, *last;
} lane;

/* The loop writes, the pool's threads read. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;      /* for the threads */
    pthread_cond_t quick_stuck; /* for the one more */
    lane quick, slow;
    uint64_t submitted;  /* calls so far */
    int32_t waiting;     /* threads without work */
    int32_t in_slow;     /* threads inside a slow call */
    int32_t unannounced; /* calls since the last fl_kick */
    bool stopping;
} queue = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER, .quick_stuck = PTHREAD_COND_INITIALIZER};

static struct {
    pthread_t *threads; /* count of them, and the one more */
    int32_t count;
    size_t arena_reserve;
} pool;

static fl_call *take(lane *from) {
    fl_call *call = from->first;
    if (call) from->first = call->next;
    return call;
}

static void put(lane *to, fl_call *call) {
    call->next = NULL;
    if (to->first) to->last->next = call;
    else to->first = call;
    to->last = call;
}

static bool is_older(const fl_call *call, const fl_call *than) {
    return call && (!than || call->number < than->number);
}

/* The next call for a thread of the pool; NULL at the end. */
static fl_call *next_call(void) {
    while (!queue.quick.first && !queue.slow.first) {
        if (queue.stopping) return NULL;
        queue.waiting++;
        pthread_cond_wait(&queue.filled, &queue.lock);
        queue.waiting--;
    }
    return take(is_older(queue.quick.first, queue.slow.first) ? &queue.quick : &queue.slow);
}

static bool is_stuck(void) { return queue.in_slow == pool.count && queue.quick.first; }

static void *work(void *arg) {
    char name[16];
    snprintf(name, sizeof name, "executor-%d", (int)(intptr_t)arg);
    if (!fl_thread_enter(name, pool.arena_reserve)) return NULL;
    fl_thread_yield_to_loop();
    pthread_mutex_lock(&queue.lock);
    for (fl_call *call; (call = next_call());) {
        bool slow = call->slow;
        if (slow) queue.in_slow++;
        if (slow && is_stuck()) pthread_cond_signal(&queue.quick_stuck);
        pthread_mutex_unlock(&queue.lock);
        fl_call_run(call);
        fl_complete_call(call); /* from here on it is the loop's */
        pthread_mutex_lock(&queue.lock);
        if (slow) queue.in_slow--;
    }
    pthread_mutex_unlock(&queue.lock);
    fl_thread_leave();
    return NULL;
}

/* The one more. */
static void *work_quickly(void *arg) {
    (void)arg;
    if (!fl_thread_enter("quick-executor", pool.arena_reserve)) return NULL;
    pthread_mutex_lock(&queue.lock);
    while (!queue.stopping) {
        if (!is_stuck()) {
            pthread_cond_wait(&queue.quick_stuck, &queue.lock);
            continue;
        }
        fl_call *call = take(&queue.quick);
        pthread_mutex_unlock(&queue.lock);
        fl_call_run(call);
        fl_complete_call(call);
        pthread_mutex_lock(&queue.lock);
    }
    pthread_mutex_unlock(&queue.lock);
    fl_thread_leave();
    return NULL;
}

/* As fl_invoke, on the pool; answers with FL_EVENT_CALL. What the call points to must stay valid until then. The
 * threads learn of it by fl_kick: many calls, one wake-up. */
FL_EXPORT void fl_submit(fl_call *call) {
    pthread_mutex_lock(&queue.lock);
    call->number = queue.submitted++;
    put(call->slow ? &queue.slow : &queue.quick, call);
    queue.unannounced++;
    pthread_mutex_unlock(&queue.lock);
}

/* Wakes as many threads as there is new work for. */
FL_EXPORT void fl_kick(void) {
    pthread_mutex_lock(&queue.lock);
    int32_t wake = queue.unannounced < queue.waiting ? queue.unannounced : queue.waiting;
    bool stuck = is_stuck();
    queue.unannounced = 0;
    pthread_mutex_unlock(&queue.lock);
    while (wake-- > 0) pthread_cond_signal(&queue.filled);
    if (stuck) pthread_cond_signal(&queue.quick_stuck);
}

/* Starts the threads and makes the calling one, the loop's, able to call executors too. Once a process.
 * arena_reserve: bytes held by each thread. Gives the eventfd that announces completions, or -errno. */
FL_EXPORT int32_t fl_start(int32_t threads, size_t arena_reserve) {
    if (pool.threads) return -EALREADY;
    if (!fl_guard_install()) return -errno;
    if (!fl_thread_enter(NULL, arena_reserve)) return -ENOMEM;
    pool.threads = calloc((size_t)threads + 1, sizeof *pool.threads);
    if (!pool.threads) return -ENOMEM;
    int fd = fl_completions_open();
    if (fd < 0) return fd;
    pool.arena_reserve = arena_reserve;
    pool.count = threads;
    for (int32_t i = 0; i < threads; i++)
        if (!fl_thread_start(work, (void *)(intptr_t)i, &pool.threads[i])) return -EAGAIN;
    if (!fl_thread_start(work_quickly, NULL, &pool.threads[threads])) return -EAGAIN;
    fl_thread_hurry(); /* after the threads were made, which would inherit it */
    return fd;
}

/* Ends the threads after the calls already submitted and waits for them. */
FL_EXPORT void fl_stop(void) {
    pthread_mutex_lock(&queue.lock);
    queue.stopping = true;
    pthread_mutex_unlock(&queue.lock);
    pthread_cond_broadcast(&queue.filled);
    pthread_cond_broadcast(&queue.quick_stuck);
    for (int32_t i = 0; i <= pool.count; i++) pthread_join(pool.threads[i], NULL);
    free(pool.threads);
    pool.threads = NULL;
    pool.count = 0;
    queue.stopping = false;
    fl_completions_close();
}
