/* What each thread that calls into libraries owns: an arena, an alternate signal stack, a guard, its current work. */
#include "thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SIGNAL_STACK ((size_t)64 << 10)
#define SLICE_NS 100000 /* the least that the kernel takes */
#define POOL_NICE 10    /* a tenth of the loop's weight */
#define STACK ((size_t)8 << 20) /* as usual with glibc; with musl it is 128 KiB, and executors are written for both */

/* A signal handler reads it. glibc makes a thread's TLS when it is first touched, by malloc: this one pointer is static TLS.
 * musl makes it with the thread, and has no static TLS for what is loaded later. */
#ifdef __GLIBC__
#define TLS __attribute__((tls_model("initial-exec")))
#else
#define TLS
#endif
static _Thread_local fl_thread *self TLS;

fl_thread *fl_thread_self(void) { return self; }
fl_arena *fl_thread_arena(fl_thread *thread) { return &thread->arena; }
fl_activity *fl_thread_activity(fl_thread *thread) { return &thread->activity; }

double fl_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

fl_thread *fl_thread_enter(const char *name, size_t arena_reserve) {
    if (self) return self;
    fl_thread *thread = calloc(1, sizeof *thread);
    if (!thread) return NULL;
    thread->signal_stack = mmap(NULL, SIGNAL_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (thread->signal_stack == MAP_FAILED || !fl_arena_init(&thread->arena, arena_reserve)) {
        if (thread->signal_stack != MAP_FAILED) munmap(thread->signal_stack, SIGNAL_STACK);
        free(thread);
        return NULL;
    }
    sigaltstack(&(stack_t){.ss_sp = thread->signal_stack, .ss_size = SIGNAL_STACK}, NULL);
    if (name) pthread_setname_np(pthread_self(), name);
    fl_ours_add();
    return self = thread;
}

void fl_thread_leave(void) {
    fl_thread *thread = self;
    if (!thread) return;
    self = NULL;
    fl_ours_remove();
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    munmap(thread->signal_stack, SIGNAL_STACK);
    fl_arena_destroy(&thread->arena);
    free(thread);
}

/* The process's signals belong to the loop's thread; ours must not be interrupted in an executor's sleep. The five
 * that a fault raises stay unblocked: blocked, they would kill the process. So does the one that asks a late call. */
bool fl_thread_start(void *(*run)(void *), void *arg, pthread_t *thread) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
#ifndef __GLIBC__
    pthread_attr_setstacksize(&attributes, STACK);
#endif
    sigset_t all, before;
    sigfillset(&all);
    for (size_t i = 0; i < FL_FAULT_SIGNALS; i++) sigdelset(&all, fl_fault_signals[i]);
    sigdelset(&all, FL_DEADLINE_SIGNAL);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(thread, &attributes, run, arg) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

/* struct sched_attr of sched_setattr(2); glibc has had it since 2.41 only. */
typedef struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
} sched_attributes;

/* Lets the calling thread step back for the loop where they share a core: beside two that compute it has five sixths of
 * the time instead of a third. Less for it would be a delay for everyone, as its turns are short and the others' are not. */
void fl_thread_yield_to_loop(void) {
#ifdef __linux__ /* where a thread has a nice value of its own: setpriority(2), C library/kernel differences */
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + POOL_NICE);
#endif
}

/* Lets the calling thread run as soon as it is woken, though others compute on its core: by a shorter slice, not by a
 * larger share of the time. Kernels before 6.12 don't care, and without it nothing breaks. */
void fl_thread_hurry(void) {
    sched_attributes own;
    if (syscall(SYS_sched_getattr, 0, &own, sizeof own, 0) != 0 || own.policy != SCHED_OTHER) return;
    own.runtime = SLICE_NS;
    syscall(SYS_sched_setattr, 0, &own, 0);
}
