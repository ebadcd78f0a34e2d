/* The bytes of an answer: in the loop's window if they fit, else in memory of the call, else in the heap. */
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

void fl_out_begin(fl_call *call) {
    if (call->out_heap) {
        free(call->out_heap);
        call->out_heap = NULL;
    }
    bool window = call->window != 0;
    call->out_start = window ? (char *)(uintptr_t)call->window : call->out_inline + FL_HEADROOM;
    call->out_capacity = window ? (size_t)call->window_len : FL_OUT_INLINE - FL_HEADROOM;
    call->out_len = 0;
    call->reason_len = call->head_len = call->fields_at = call->fields_len = 0;
    call->body_len = 0;
}

/* Makes room for more bytes; false when memory is short. */
bool fl_out_reserve(fl_call *call, size_t more) {
    size_t need = call->out_len + more;
    if (need <= call->out_capacity) return true;
    size_t capacity = need > 2 * call->out_capacity ? need : 2 * call->out_capacity;
    char *heap = realloc(call->out_heap, FL_HEADROOM + capacity);
    if (!heap) return false;
    if (!call->out_heap) memcpy(heap + FL_HEADROOM, call->out_start, call->out_len);
    call->out_heap = heap;
    call->out_start = heap + FL_HEADROOM;
    call->out_capacity = capacity;
    return true;
}

/* There must be room. */
void fl_out_append(fl_call *call, const char *from, size_t len) {
    if (len > 0) memcpy(call->out_start + call->out_len, from, len);
    call->out_len += len;
}

/* Makes the answer of a pooled call, which is complete, the last of its connection: the head moves into the headroom
 * and says so. */
FL_EXPORT void fl_call_end(fl_call *call) {
    static const char line[] = "connection: close\r\n\r\n";
    size_t more = sizeof line - 3; /* the empty line is there already */
    if (call->last) return;
    char *head = call->out_start;
    memmove(head - more, head, (size_t)call->head_len);
    memcpy(head + call->head_len - (sizeof line - 1), line, sizeof line - 1);
    call->out_start -= more;
    call->head_len += (int32_t)more;
    call->last = 1;
    call->out = (double)(uintptr_t)call->out_start;
}
