/* What a library may ask of us: the host table, and the allocator of the original's interface. */
#include <stdlib.h>
#include <string.h>

#include "thread.h"

static fl_thread *in_request(void) {
    fl_thread *thread = fl_thread_self();
    return thread && thread->activity.in_request ? thread : NULL;
}

static void *host_alloc(size_t len, size_t align) {
    fl_thread *thread = in_request();
    return thread ? fl_arena_alloc(&thread->arena, len, align) : NULL;
}

static int host_resize(void *ptr, size_t old_len, size_t new_len) {
    fl_thread *thread = in_request();
    return thread && fl_arena_resize(&thread->arena, ptr, old_len, new_len);
}

static void host_free(void *ptr, size_t len) {
    fl_thread *thread = in_request();
    if (thread) fl_arena_free(&thread->arena, ptr, len);
}

static void host_log(size_t level, const char *message, size_t len) {
    const fl_thread *thread = fl_thread_self();
    fl_log(thread ? thread->activity.library : NULL, level, message, len);
}

static uint64_t host_remaining_ns(void) {
    const fl_thread *thread = in_request();
    if (!thread) return UINT64_MAX;
    double left = thread->activity.deadline_ms - fl_now_ms();
    return left > 0 ? (uint64_t)(left * 1e6) : 0;
}

static void host_refuse(const char *message, size_t len) {
    const fl_thread *thread = fl_thread_self();
    fl_library *library = thread ? thread->activity.loading : NULL;
    if (!library) return;
    size_t most = sizeof library->error - 1;
    if (len > most) len = most;
    memcpy(library->error, message, len);
    library->error[len] = '\0';
    library->failure = FL_REFUSED;
}

const flexilib_host fl_host = {
    .size = sizeof(flexilib_host),
    .alloc = host_alloc,
    .resize = host_resize,
    .free = host_free,
    .log = host_log,
    .remaining_ns = host_remaining_ns,
    .refuse = host_refuse,
};

/* ---- std.mem.Allocator, as Zig 0.11 to 0.13 lay it out; 0.14 put `remap` where `free` was and `free` behind it.
 * Zig passes a slice as pointer and length, and a small integer with undefined upper bits. -------------------- */

static void *zig_alloc(void *context, size_t len, size_t log2_align, size_t ret) {
    (void)ret;
    fl_thread *thread = context;
    return fl_arena_alloc(&thread->arena, len, (size_t)1 << (log2_align & 63));
}

static size_t zig_resize(void *context, void *ptr, size_t len, size_t log2_align, size_t new_len, size_t ret) {
    (void)log2_align;
    (void)ret;
    fl_thread *thread = context;
    return fl_arena_resize(&thread->arena, ptr, len, new_len);
}

static void *zig_nothing(void) { return NULL; }

static const struct {
    void *(*alloc)(void *, size_t, size_t, size_t);
    size_t (*resize)(void *, void *, size_t, size_t, size_t, size_t);
    void *(*free_or_remap)(void);
    void *(*free)(void);
} zig_vtable = {zig_alloc, zig_resize, zig_nothing, zig_nothing};

void *fl_zig_allocator(fl_thread *thread) {
    thread->zig_allocator.context = thread;
    thread->zig_allocator.vtable = &zig_vtable;
    return &thread->zig_allocator;
}
