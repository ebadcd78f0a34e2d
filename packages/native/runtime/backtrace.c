/* backtrace(3) where the C library has none: musl. build.mjs links the unwinder in. */
#include "thread.h"

#ifndef __GLIBC__
#include <unwind.h>

typedef struct {
    void **frames;
    int most, count;
} trace;

static _Unwind_Reason_Code note(struct _Unwind_Context *context, void *arg) {
    trace *found = arg;
    if (found->count == found->most) return _URC_END_OF_STACK;
    found->frames[found->count++] = (void *)_Unwind_GetIP(context);
    return _URC_NO_REASON;
}

int backtrace(void **frames, int most) {
    trace found = {.frames = frames, .most = most};
    _Unwind_Backtrace(note, &found);
    return found.count;
}
#endif
