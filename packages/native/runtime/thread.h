/* The inside of an fl_thread: for thread.c, guard.c and those who start threads. */
#ifndef FLEXILIB_THREAD_H
#define FLEXILIB_THREAD_H

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>

#include "runtime.h"

#define FL_FAULT_SIGNALS 5
extern const int fl_fault_signals[FL_FAULT_SIGNALS];

enum { UNARMED, ARMED, WALKING };

struct fl_thread {
    sigjmp_buf jump; /* where a fault goes while it isn't UNARMED */
    volatile sig_atomic_t armed; /* WALKING: a fault is being looked into */
    fl_fault fault;
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

bool fl_thread_start(void *(*run)(void *), void *arg, pthread_t *thread);
void fl_thread_hurry(void);
void fl_thread_yield_to_loop(void);

#endif
