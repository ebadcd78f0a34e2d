/* The inside of an fl_thread: for thread.c, guard.c and those who start threads. */
#ifndef FLEXILIB_THREAD_H
#define FLEXILIB_THREAD_H

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "runtime.h"

#define FL_FAULT_SIGNALS 5
extern const int fl_fault_signals[FL_FAULT_SIGNALS];

enum { UNARMED, ARMED, WALKING, LOOKING };

struct fl_thread {
    sigjmp_buf jump; /* where a fault goes while it isn't UNARMED */
    sigjmp_buf back; /* the same while it is LOOKING */
    volatile sig_atomic_t armed; /* WALKING: a fault is being looked into; LOOKING: a call that goes on is */
    fl_fault fault;
    _Atomic double until; /* of the loop's: when the call that is under way must have ended; 0: none is */
    /* Of a thread of the pool. */
    pthread_t id;
    fl_thread *next; /* in the pool's list */
    fl_call *call;   /* what it is at */
    bool quick;      /* it is the one more for quick calls */
    bool replaced;   /* its call takes too long, and another works in its place */
    fl_activity activity;
    fl_arena arena;
    void *signal_stack;
    time_t date_second; /* of date */
    char date[FL_DATE_LEN];
    struct {
        void *context;
        const void *vtable;
    } zig_allocator;
};

/* watchdog.c */
#define FL_DEADLINE_SIGNAL (SIGRTMAX - 2) /* nobody's: neither V8's, nor a language runtime's */
bool fl_watchdog_start(void);
void fl_watchdog_stop(void);
void fl_watch(fl_thread *loop, double deadline_ms);
void fl_watch_end(fl_thread *loop);
void fl_watch_damage(void);
void fl_guard_arm_deadline(void);

/* pool.c */
bool fl_pool_signal(const fl_call *call, int signal);

/* descriptors.c */
void fl_descriptors_look(void);
bool fl_descriptors_mend(void);
bool fl_descriptors_whole(void);

bool fl_thread_start(void *(*run)(void *), void *arg, pthread_t *thread);
void fl_thread_hurry(void);
void fl_thread_yield_to_loop(void);

#endif
