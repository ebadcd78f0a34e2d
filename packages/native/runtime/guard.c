/* The guard: a fault raised by code that fl_guard_run called becomes its return value, be it a signal, a call that
 * doesn't end, or exit(3). Containment is best effort: the library may have held a lock when it was left. */

#include <dlfcn.h>
#include <errno.h>
#ifdef __GLIBC__
#include <execinfo.h>
#endif
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

#include "thread.h"

const int fl_fault_signals[FL_FAULT_SIGNALS] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static struct sigaction before[NSIG]; /* the host's own handlers: V8 uses SIGSEGV for WebAssembly's traps */
static bool forked;                   /* this process is a copy that a library has made of us */

static void *program_counter(const ucontext_t *context) {
#if defined(__x86_64__)
    return (void *)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (void *)context->uc_mcontext.pc;
#else
#error "program_counter: add this machine"
#endif
}

/* Where the code goes on that called what is about to begin at the program counter. */
static void *return_address(const ucontext_t *context) {
#if defined(__x86_64__)
    return *(void **)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    return (void *)context->uc_mcontext.regs[30];
#endif
}

#ifndef __GLIBC__
/* musl has neither this nor what unwinders need to pass its own frames, that of a signal included. */
static int backtrace(void **frames, int most) {
    (void)frames, (void)most;
    return 0;
}
#endif

/* Adds the place `from` and the callers above it; below it are our own frames. */
static void walk(fl_fault *fault, void *from) {
    void *found[FL_FRAMES + 8];
    fault->frames[fault->frame_count++] = from;
    int count = backtrace(found, FL_FRAMES + 8);
    int at = 0;
    while (at < count && found[at++] != from) continue;
    for (; at < count && fault->frame_count < FL_FRAMES; at++) fault->frames[fault->frame_count++] = found[at];
}

/* Ends what the thread does under the guard. context: NULL if it isn't a signal that ends it. */
static _Noreturn void leave(fl_thread *thread, int signal, void *address, const ucontext_t *context) {
    /* A stack that was written over makes the walk along it a fault too: that one keeps what is known of the first. */
    atomic_store_explicit(&thread->until, 0, memory_order_relaxed); /* from here on the loop must beat by itself */
    if (thread->armed == ARMED) {
        if (thread->activity.in_request && !forked) fl_watch_damage();
        thread->fault = (fl_fault){.signal = signal, .address = address};
        thread->armed = WALKING;
        void *from = context ? program_counter(context) : __builtin_return_address(0);
        walk(&thread->fault, from);
        /* A call to nowhere: nothing tells how to unwind it. */
        if (context && !from && thread->fault.frame_count == 1) walk(&thread->fault, return_address(context));
    }
    thread->armed = UNARMED;
    if (thread->fault.signal == FL_DEADLINE) {
        sigset_t deadline;
        sigemptyset(&deadline);
        sigaddset(&deadline, FL_DEADLINE_SIGNAL);
        pthread_sigmask(SIG_UNBLOCK, &deadline, NULL);
    }
    siglongjmp(thread->jump, 1);
}

static void pass_on(int signal, siginfo_t *info, void *context) {
    const struct sigaction *old = &before[signal];
    if (old->sa_flags & SA_SIGINFO) {
        old->sa_sigaction(signal, info, context);
    } else if (old->sa_handler == SIG_DFL) {
        /* Back in the faulting code the signal comes again and has its default effect; a sent one is raised here. */
        sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
        if (info->si_code <= 0) raise(signal);
    } else if (old->sa_handler != SIG_IGN) {
        old->sa_handler(signal);
    }
}

static void on_fault(int signal, siginfo_t *info, void *context) {
    fl_thread *thread = fl_thread_self();
    bool sent_by_others = info->si_code <= 0 && info->si_pid != getpid();
    if (!thread || !thread->armed || sent_by_others) {
        pass_on(signal, info, context);
        return;
    }
    if (thread->armed == LOOKING) siglongjmp(thread->back, 1);
    bool has_address = info->si_code > 0 && (signal == SIGSEGV || signal == SIGBUS);
    leave(thread, signal, has_address ? info->si_addr : NULL, context);
}

/* Notes where the call is, which goes on as if nothing had been: it may be in malloc(3), or hold any lock. So it takes an
 * unwinder without locks; a fault of the walk itself ends here, with what is known by then. */
static void look(fl_thread *thread, fl_call *call, const ucontext_t *context) {
    thread->armed = LOOKING;
    call->place = (fl_fault){.signal = FL_INSIDE};
    if (sigsetjmp(thread->back, 0) == 0) walk(&call->place, program_counter(context));
    thread->armed = ARMED;
    atomic_store_explicit(&call->look, FL_SEEN, memory_order_release);
}

/* The watchdog sends it to the loop's thread, and the loop to one of the pool (lookout.c). By now the call may have
 * returned, and another may have begun. */
static void on_deadline(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    int error = errno;
    fl_thread *thread = fl_thread_self();
    if (thread && thread->armed == ARMED) {
        double until = atomic_load_explicit(&thread->until, memory_order_relaxed);
        if (until > 0 && fl_now_ms() >= until) leave(thread, FL_DEADLINE, NULL, context);
        fl_call *call = thread->call;
        if (call && atomic_load_explicit(&call->look, memory_order_relaxed) == FL_ASKED) look(thread, call, context);
    }
    errno = error;
}

/* An exit(3) of a library's is no exit of ours. */
static void on_exit_call(void) {
    fl_thread *thread = fl_thread_self();
    if (!thread || thread->armed != ARMED) return;
    atexit(on_exit_call); /* this registration is used up */
    leave(thread, FL_EXIT, NULL, NULL); /* its report begins here */
}

static void on_fork(void) { forked = true; }

/* It is sent until there is an answer: one that came in the middle of the handler would see the handler. */
void fl_guard_arm_deadline(void) {
    struct sigaction action = {.sa_sigaction = on_deadline, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigaction(FL_DEADLINE_SIGNAL, &action, NULL);
}

/* SA_NODEFER: the jump leaves the handler without a return, so the signal must not stay blocked. */
static const int flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;

bool fl_guard_install(void) {
    fl_symbols_start();
    backtrace((void *[1]){0}, 1); /* the first one loads libgcc_s, which may not happen in a signal handler */
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = flags};
    for (size_t i = 0; i < FL_FAULT_SIGNALS; i++)
        if (sigaction(fl_fault_signals[i], &action, &before[fl_fault_signals[i]]) != 0) return false;
    fl_guard_arm_deadline();
    return atexit(on_exit_call) == 0 && pthread_atfork(NULL, NULL, on_fork) == 0;
}

/* Puts the handlers back that a library has replaced. True: it had. */
bool fl_guard_mend(void) {
    bool changed = false;
    for (size_t i = 0; i < FL_FAULT_SIGNALS; i++) {
        struct sigaction now;
        sigaction(fl_fault_signals[i], NULL, &now);
        if (now.sa_sigaction == on_fault) continue;
        sigaction(fl_fault_signals[i], &(struct sigaction){.sa_sigaction = on_fault, .sa_flags = flags}, NULL);
        changed = true;
    }
    return changed;
}

/* The calling thread has entered (fl_thread_enter). Does not nest. Does not return in a process that fn has forked. */
bool fl_guard_run(void (*fn)(void *), void *arg, fl_fault *fault) {
    fl_thread *thread = fl_thread_self();
    if (sigsetjmp(thread->jump, 0) != 0) {
        *fault = thread->fault;
        if (forked) _exit(1);
        return false;
    }
    thread->armed = ARMED;
    fn(arg);
    thread->armed = UNARMED;
    if (forked) _exit(0); /* its copy of our descriptors, our threads and our clients would be in our way */
    return true;
}
