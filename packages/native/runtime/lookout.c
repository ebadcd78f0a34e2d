/* Where a call is that was given up: its thread is asked by a signal, whose handler walks the stack (guard.c) and lets the
 * call go on; what it found is told here, on the loop. Nothing of it waits, allocates or takes a lock of the library's. */
#include "thread.h"

typedef struct {
    const fl_call *call;
    char *text;
    int32_t size, len;
} telling;

static void tell(void *arg) {
    telling *it = arg;
    const fl_library *library = (const fl_library *)(uintptr_t)it->call->library;
    it->len = (int32_t)fl_fault_report(&it->call->place, library->path, it->text, (size_t)it->size);
}

/* Writes a report (fl_fault_report) of a call that was given up, which has not been reaped, and gives its length; 0: its
 * thread has been asked and hasn't answered yet; -1: none is inside, or it can't be asked. On the loop. */
FL_EXPORT int32_t fl_look(fl_call *call, char *text, int32_t size) {
    if (atomic_load_explicit(&call->look, memory_order_acquire) == FL_SEEN) {
        /* A library that a caller was in may be gone by now. */
        telling it = {call, text, size, 0};
        fl_fault ignored;
        return fl_guard_run(tell, &it, &ignored) ? it.len : -1;
    }
    /* Other unwinders take locks that the thread may hold. */
    if (!fl_symbols_lockless()) return -1;
    int32_t unasked = FL_UNASKED;
    atomic_compare_exchange_strong(&call->look, &unasked, FL_ASKED);
    fl_guard_arm_deadline(); /* a library may have taken the signal for itself */
    return fl_pool_signal(call, FL_DEADLINE_SIGNAL) ? 0 : -1;
}
