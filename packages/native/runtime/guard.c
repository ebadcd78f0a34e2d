/* The guard: a fault signal raised by code that fl_guard_run called becomes its return value.
 * Containment is best effort: the library may have held a lock when it was left. */

#include <dlfcn.h>
#include <execinfo.h>
#include <ucontext.h>
#include <unistd.h>

#include "thread.h"

const int fl_fault_signals[FL_FAULT_SIGNALS] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static struct sigaction before[NSIG]; /* the host's own handlers: V8 uses SIGSEGV for WebAssembly's traps */

static void *program_counter(const ucontext_t *context) {
#if defined(__x86_64__)
    return (void *)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (void *)context->uc_mcontext.pc;
#else
#error "program_counter: add this machine"
#endif
}

/* The callers of the first frame. Only what backtrace(3) finds above that frame counts: below it is our handler. */
static void walk(fl_fault *fault) {
    void *found[FL_FRAMES + 8];
    int count = backtrace(found, FL_FRAMES + 8);
    int at = 0;
    while (at < count && found[at] != fault->frames[0]) at++;
    for (at++; at < count && fault->frame_count < FL_FRAMES; at++) fault->frames[fault->frame_count++] = found[at];
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
    bool has_address = info->si_code > 0 && (signal == SIGSEGV || signal == SIGBUS);
    /* A stack that was written over makes the walk along it a fault too: that one keeps what is known of the first. */
    if (thread->armed == ARMED) {
        thread->fault = (fl_fault){.signal = signal, .address = has_address ? info->si_addr : NULL};
        thread->fault.frames[0] = program_counter(context);
        thread->fault.frame_count = 1;
        thread->armed = WALKING;
        walk(&thread->fault);
    }
    thread->armed = UNARMED;
    siglongjmp(thread->jump, 1);
}

bool fl_guard_install(void) {
    backtrace((void *[1]){0}, 1); /* the first one loads libgcc_s, which may not happen in a signal handler */
    /* SA_NODEFER: the jump leaves the handler without a return, so the signal must not stay blocked. */
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    for (size_t i = 0; i < FL_FAULT_SIGNALS; i++)
        if (sigaction(fl_fault_signals[i], &action, &before[fl_fault_signals[i]]) != 0) return false;
    return true;
}

/* The calling thread has entered (fl_thread_enter). Does not nest. */
bool fl_guard_run(void (*fn)(void *), void *arg, fl_fault *fault) {
    fl_thread *thread = fl_thread_self();
    if (sigsetjmp(thread->jump, 0) != 0) {
        *fault = thread->fault;
        return false;
    }
    thread->armed = ARMED;
    fn(arg);
    thread->armed = UNARMED;
    return true;
}
