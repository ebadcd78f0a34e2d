/* What each thread that calls into libraries owns: an arena, an alternate signal stack, a guard, its current work. */
#include "thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define SIGNAL_STACK ((size_t)64 << 10)

/* One pointer of static TLS: the signal handler may read it where lazily made TLS could call malloc. */
static _Thread_local fl_thread *self __attribute__((tls_model("initial-exec")));

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
    return self = thread;
}

void fl_thread_leave(void) {
    fl_thread *thread = self;
    if (!thread) return;
    self = NULL;
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    munmap(thread->signal_stack, SIGNAL_STACK);
    fl_arena_destroy(&thread->arena);
    free(thread);
}

/* The process's signals belong to the loop's thread; ours must not be interrupted in an executor's sleep. The five
 * that a fault raises stay unblocked: blocked, they would kill the process. */
bool fl_thread_start(void *(*run)(void *), void *arg, pthread_t *thread) {
    sigset_t all, before;
    sigfillset(&all);
    for (size_t i = 0; i < FL_FAULT_SIGNALS; i++) sigdelset(&all, fl_fault_signals[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(thread, NULL, run, arg) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}
