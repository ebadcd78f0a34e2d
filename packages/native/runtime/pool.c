/* The pool: threads without V8 take calls in the order in which they came. Calls that the loop expects to be long have a
 * lane of their own, and when they hold every thread, one more thread runs the quick ones: who is slow takes the time
 * from himself. One mutex guards it all: a queue operation is some 50 ns, a call to an executor is thousands.
 * A thread whose call is given up by the loop is replaced, and ends should that call ever return. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "thread.h"

#define LOOK_MS 400 /* what a library has changed of a thread is put back so often, as mend.c does for the process */
#define QUICK (-1) /* the number of the one more */
#define LOST_MIN 4

typedef struct {
    fl_call *first, *last;
} lane;

/* The loop writes, the pool's threads read. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;      /* for the threads */
    pthread_cond_t quick_stuck; /* for the one more */
    pthread_cond_t ended;       /* for fl_stop */
    lane quick, slow;
    uint64_t submitted;  /* calls so far */
    int32_t waiting;     /* threads without work */
    int32_t in_slow;     /* threads inside a slow call, without those that were replaced */
    int32_t unannounced; /* calls since the last fl_kick */
    int32_t alive;       /* threads */
    int32_t lost;        /* threads that were replaced */
    fl_thread *threads;
    bool stopping;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER,
           .quick_stuck = PTHREAD_COND_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};

static struct {
    int32_t count; /* of threads, without the one more; 0 before the start */
    size_t arena_reserve;
    pthread_key_t key; /* its destructor sees threads that a library ends */
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

static bool is_stuck(void) { return queue.in_slow == pool.count && queue.quick.first; }

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

/* The same for the one more. */
static fl_call *next_quick_call(void) {
    while (!queue.stopping) {
        if (is_stuck()) return take(&queue.quick);
        pthread_cond_wait(&queue.quick_stuck, &queue.lock);
    }
    return NULL;
}

static void begin(fl_thread *thread, fl_call *call) {
    thread->call = call;
    if (!call->slow) return;
    queue.in_slow++;
    if (is_stuck()) pthread_cond_signal(&queue.quick_stuck);
}

/* The thread's call has ended, one way or the other. */
static void finish(fl_thread *thread, bool slow) {
    if (thread->replaced) queue.lost--;
    else if (slow) queue.in_slow--;
    thread->call = NULL;
}

/* The thread that is inside the call, or was a moment ago and isn't buried. */
static fl_thread *thread_of(const fl_call *call) {
    fl_thread *thread = queue.threads;
    while (thread && thread->call != call) thread = thread->next;
    return thread;
}

static void bury(const fl_thread *thread) {
    pthread_mutex_lock(&queue.lock);
    for (fl_thread **at = &queue.threads; *at; at = &(*at)->next) {
        if (*at != thread) continue;
        *at = thread->next;
        break;
    }
    fl_thread_leave();
    queue.alive--;
    pthread_cond_signal(&queue.ended);
    pthread_mutex_unlock(&queue.lock);
}

static void *work(void *arg) {
    int32_t number = (int32_t)(intptr_t)arg;
    char name[16] = "quick-executor";
    if (number != QUICK) snprintf(name, sizeof name, "executor-%d", number);
    fl_thread *thread = fl_thread_enter(name, pool.arena_reserve);
    if (!thread) {
        bury(NULL);
        return NULL;
    }
    if (number != QUICK) fl_thread_yield_to_loop();
    pthread_setspecific(pool.key, thread);
    thread->id = pthread_self();
    thread->quick = number == QUICK;
    sigset_t own;
    pthread_sigmask(SIG_SETMASK, NULL, &own);
    double looked = fl_now_ms();
    pthread_mutex_lock(&queue.lock);
    thread->next = queue.threads;
    queue.threads = thread;
    for (fl_call *call; !thread->replaced && (call = thread->quick ? next_quick_call() : next_call());) {
        bool slow = call->slow;
        begin(thread, call);
        pthread_mutex_unlock(&queue.lock);
        double at = fl_now_ms();
        /* A library may have blocked what a fault raises, and then the next one would end the process. */
        if (at - looked >= LOOK_MS) {
            pthread_sigmask(SIG_SETMASK, &own, NULL);
            looked = at;
        }
        if (at < call->deadline_ms) fl_call_run(call);
        else fl_call_fail(call, &(fl_fault){.signal = FL_DEADLINE}); /* it has waited too long */
        fl_complete_call(call); /* from here on it is the loop's */
        pthread_mutex_lock(&queue.lock);
        finish(thread, slow);
    }
    pthread_mutex_unlock(&queue.lock);
    pthread_setspecific(pool.key, NULL);
    bury(thread);
    return NULL;
}

/* Under the lock. */
static bool start_thread(int32_t number) {
    pthread_t thread;
    if (!fl_thread_start(work, (void *)(intptr_t)number, &thread)) return false;
    pthread_detach(thread);
    queue.alive++;
    return true;
}

/* A library has called pthread_exit(3): the thread is lost, its call has failed. */
static void on_thread_end(void *arg) {
    fl_thread *thread = arg;
    thread->armed = UNARMED; /* its frames are gone */
    if (!thread->call) { /* the loop's: there is no way on */
        static const char text[] = "error: a library has ended the event loop's thread (pthread_exit)\n";
        (void)!write(STDERR_FILENO, text, sizeof text - 1);
        _exit(1);
    }
    fl_call *call = thread->call;
    pthread_mutex_lock(&queue.lock);
    finish(thread, call->slow);
    if (!thread->replaced) start_thread(thread->quick ? QUICK : pool.count);
    pthread_mutex_unlock(&queue.lock);
    fl_call_fail(call, &(fl_fault){.signal = FL_THREAD_EXIT});
    fl_complete_call(call);
    bury(thread);
}

/* As fl_invoke, on the pool; answers with FL_EVENT_CALL. What the call points to must stay valid until then. The
 * threads learn of it by fl_kick: many calls, one wake-up. */
FL_EXPORT void fl_submit(fl_call *call) {
    pthread_mutex_lock(&queue.lock);
    call->number = queue.submitted++;
    atomic_store_explicit(&call->look, FL_UNASKED, memory_order_relaxed);
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

/* A submitted call is past its deadline, and nobody waits for it any more: if it holds a thread, another one takes that
 * one's place, as long as not too many are lost; not that of the one more. It answers all the same when it returns. Once a
 * call. 0: it still waits. */
FL_EXPORT int32_t fl_abandon(fl_call *call) {
    pthread_mutex_lock(&queue.lock);
    fl_thread *thread = thread_of(call);
    int32_t most = pool.count > LOST_MIN ? pool.count : LOST_MIN;
    if (thread && !thread->quick && queue.lost < most && start_thread(pool.count)) {
        thread->replaced = true;
        queue.lost++;
        if (call->slow) queue.in_slow--;
    }
    pthread_mutex_unlock(&queue.lock);
    return thread != NULL;
}

/* Sends it to the thread that is inside the call. False: none is. */
bool fl_pool_signal(const fl_call *call, int signal) {
    pthread_mutex_lock(&queue.lock); /* keeps the thread from ending */
    const fl_thread *thread = thread_of(call);
    bool sent = thread && pthread_kill(thread->id, signal) == 0;
    pthread_mutex_unlock(&queue.lock);
    return sent;
}

/* Starts the threads and makes the calling one, the loop's, able to call executors too. Once a process.
 * arena_reserve: bytes held by each thread. Gives the eventfd that announces completions, or -errno. */
FL_EXPORT int32_t fl_start(int32_t threads, size_t arena_reserve) {
    if (pool.count) return -EALREADY;
    if (!fl_guard_install()) return -errno;
    if (!fl_thread_enter(NULL, arena_reserve)) return -ENOMEM;
    int fd = fl_completions_open();
    if (fd < 0) return fd;
    if (pthread_key_create(&pool.key, on_thread_end) != 0) return -EAGAIN;
    pthread_setspecific(pool.key, fl_thread_self());
    pool.arena_reserve = arena_reserve;
    pool.count = threads;
    pthread_mutex_lock(&queue.lock);
    bool started = start_thread(QUICK);
    for (int32_t i = 0; i < threads; i++) started = started && start_thread(i);
    pthread_mutex_unlock(&queue.lock);
    if (!started || !fl_watchdog_start()) return -EAGAIN;
    fl_thread_hurry(); /* after the threads were made, which would inherit it */
    return fd;
}

/* Ends the threads after the calls already submitted and waits for them. */
FL_EXPORT void fl_stop(void) {
    pthread_mutex_lock(&queue.lock);
    queue.stopping = true;
    pthread_cond_broadcast(&queue.filled);
    pthread_cond_broadcast(&queue.quick_stuck);
    while (queue.alive > 0) pthread_cond_wait(&queue.ended, &queue.lock);
    queue.stopping = false;
    pthread_mutex_unlock(&queue.lock);
    fl_watchdog_stop();
    pthread_key_delete(pool.key);
    pool.count = 0;
    fl_completions_close();
}
