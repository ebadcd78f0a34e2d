/* One native call per request: everything between the request's bytes and the answer's bytes. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "thread.h"

#define METHOD_MAX 31

/* What src/call-layout.ts says. */
_Static_assert(offsetof(fl_call, window_len) == 7 * 4 && offsetof(fl_call, outcome) == 8 * 4, "call-layout.ts");
_Static_assert(offsetof(fl_call, heap) == 16 * 4 && offsetof(fl_call, bytes) == 9 * 8, "call-layout.ts");
_Static_assert(offsetof(fl_call, out) == 20 * 8 && offsetof(fl_call, fields) == 22 * 8, "call-layout.ts");

FL_EXPORT fl_call *fl_call_new(int32_t id) {
    fl_call *call = calloc(1, sizeof *call);
    if (call) call->id = id;
    return call;
}

/* Frees what the last answer needed; out is not valid any more. */
FL_EXPORT void fl_call_reset(fl_call *call) {
    free(call->out_heap);
    call->out_heap = NULL;
    call->heap = 0;
}

FL_EXPORT void fl_call_free(fl_call *call) {
    fl_call_reset(call);
    free(call);
}

typedef struct {
    fl_call *call;
    fl_thread *thread;
    flexilib_request request;
    bool head_only;
    flexilib_header headers[FL_MAX_FIELDS];
    char method[METHOD_MAX + 1]; /* followed by a NUL, as the ABI promises */
} frame;

static void build_request(frame *frame) {
    const fl_call *call = frame->call;
    const char *bytes = (const char *)(uintptr_t)call->bytes;
    for (int32_t i = 0; i < call->field_count; i++) {
        const int32_t *field = &call->fields[4 * i];
        frame->headers[i] = (flexilib_header){bytes + field[0], (size_t)field[1], bytes + field[2], (size_t)field[3]};
    }
    size_t method_len = (size_t)call->method_len;
    memcpy(frame->method, bytes + call->method_at, method_len);
    frame->method[method_len] = '\0';
    frame->head_only = method_len == 4 && memcmp(frame->method, "HEAD", 4) == 0;
    frame->request = (flexilib_request){
        .target = bytes + call->target_at, .target_len = (size_t)call->target_len,
        .method = frame->method, .method_len = method_len,
        .content = (const char *)(uintptr_t)call->content, .content_len = (size_t)call->content_len,
        .headers = frame->headers, .headers_len = (size_t)call->field_count,
    };
}

/* Under the guard. */
static void run(void *arg) {
    frame *frame = arg;
    fl_call *call = frame->call;
    const fl_library *library = (const fl_library *)(uintptr_t)call->library;
    if (library->zig_init) library->zig_init(fl_zig_allocator(frame->thread));
    const flexilib_response *response = library->handle_request(&frame->request);
    call->returned_ms = fl_now_ms();
    call->outcome = FL_NULL;
    if (response) {
        call->complaint = fl_response_copy(call, response, frame->head_only);
        call->outcome = call->complaint == FL_FINE ? FL_OK : FL_BAD_RESPONSE;
    }
    if (library->request_deinit) library->request_deinit();
}

/* The call has ended by a fault, whose report takes the place of the fields. */
void fl_call_fail(fl_call *call, const fl_fault *fault) {
    const fl_library *library = (const fl_library *)(uintptr_t)call->library;
    fl_call_reset(call);
    call->returned_ms = fl_now_ms();
    call->outcome = fault->signal == FL_DEADLINE ? FL_LATE : FL_CRASHED;
    call->signal = fault->signal;
    call->out_start = call->out_inline;
    call->fields_at = 0;
    call->fields_len = (int32_t)fl_fault_report(fault, library->path, call->out_inline, FL_OUT_INLINE);
    call->head_len = call->reason_len = 0;
    call->body_len = 0;
    call->out = (double)(uintptr_t)call->out_start;
}

/* Calls the executor on the calling thread, which has entered, and fills the call's results. */
void fl_call_run(fl_call *call) {
    fl_thread *thread = fl_thread_self();
    fl_arena *arena = fl_thread_arena(thread);
    fl_activity *activity = fl_thread_activity(thread);
    const fl_library *library = (const fl_library *)(uintptr_t)call->library;

    frame frame;
    frame.call = call;
    frame.thread = thread;
    build_request(&frame);
    fl_out_begin(call);
    size_t used = fl_heap_used();
    call->complaint = FL_FINE;
    call->signal = 0;
    call->pre_alloc = (double)arena->held;
    call->started_ms = call->returned_ms = fl_now_ms();

    *activity = (fl_activity){.library = library, .deadline_ms = call->deadline_ms, .in_request = true};
    fl_fault fault;
    if (!fl_guard_run(run, &frame, &fault)) fl_call_fail(call, &fault);
    *activity = (fl_activity){0};
    call->alloc = (double)arena->asked;
    fl_arena_reset(arena);
    call->heap = call->out_heap != NULL;
    if (used > 0) {
        size_t answer = call->heap ? malloc_usable_size(call->out_heap) + sizeof(size_t) : 0; /* and malloc's word before it */
        call->left = (double)fl_heap_used() - (double)used - (double)answer;
    }
    call->out = (double)(uintptr_t)call->out_start;
}

/* Runs the executor here and now, on the loop, and stops it at its deadline. What the call points to stays the caller's,
 * and valid until this returns. */
FL_EXPORT void fl_invoke(fl_call *call) {
    fl_thread *loop = fl_thread_self();
    fl_watch(loop, call->deadline_ms);
    fl_call_run(call);
    fl_watch_end(loop);
}
