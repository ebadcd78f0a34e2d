/* The runtime's own interface: what TypeScript binds (fl_*), and what its files share.
 * An executor is never called outside fl_invoke, fl_library_load and fl_library_unload. */
#ifndef FLEXILIB_RUNTIME_H
#define FLEXILIB_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flexilib.h"

#define FL_EXPORT __attribute__((visibility("default")))
#define FL_MAX_FIELDS 100 /* of a request; the HTTP side answers 431 above it */
#define FL_OUT_INLINE 8192 /* an answer up to this size needs no malloc */

/* How a call ended. */
enum fl_outcome {
    FL_OK = 0,
    FL_NULL = 1,         /* handle_request returned NULL */
    FL_BAD_RESPONSE = 2, /* the response breaks a rule: see fl_complaint */
    FL_CRASHED = 3,      /* a fault was caught: signal, and its report in out */
    FL_LATE = 4,         /* the deadline came first: its report in out */
};

/* Which rule a response broke. The texts are in src/complaints.ts. */
enum fl_complaint {
    FL_FINE = 0,
    FL_STATUS_RANGE = 1,
    FL_FIELD_NAME = 2,
    FL_FIELD_VALUE = 3,
    FL_REASON = 4,
    FL_TOO_MANY_FIELDS = 5,
    FL_HEAD_TOO_LARGE = 6,
    FL_BODY_TOO_LARGE = 7,
    FL_NO_MEMORY = 8,
};

/* ---- arena: memory of one thread's current request ---------------------------------------------------------- */

typedef struct fl_chunk {
    struct fl_chunk *next; /* the one before it, smaller */
    size_t size, used;     /* bytes after this header */
} fl_chunk;

typedef struct fl_arena {
    fl_chunk *chunk; /* the newest */
    size_t reserve;  /* bytes always kept */
    size_t held;     /* bytes in all chunks */
    size_t asked;    /* bytes asked of it since the reset */
} fl_arena;

bool fl_arena_init(fl_arena *arena, size_t reserve);
void *fl_arena_alloc(fl_arena *arena, size_t len, size_t align);
bool fl_arena_resize(fl_arena *arena, void *ptr, size_t old_len, size_t new_len);
void fl_arena_free(fl_arena *arena, void *ptr, size_t len);
void fl_arena_reset(fl_arena *arena);
void fl_arena_destroy(fl_arena *arena);

/* ---- libraries ------------------------------------------------------------------------------------------------ */

enum fl_load_failure {
    FL_LOADED = 0,
    FL_DLOPEN = 1,      /* error: dlerror(3)'s text */
    FL_NO_HANDLER = 2,  /* no handle_request */
    FL_ABI_VERSION = 3, /* error: the number it gave */
    FL_REFUSED = 4,     /* flexilib_load called host->refuse; error: its reason */
    FL_LOAD_CRASHED = 5, /* a constructor or flexilib_load crashed; error: the fault's headline */
    FL_LOAD_TIMEOUT = 6  /* a constructor did not return; error: within what time */
};

#define FL_CODE_MAX 32
typedef struct fl_code {
    uintptr_t from, to;
} fl_code;

typedef struct fl_library {
    void *handle;
    flexilib_response *(*handle_request)(flexilib_request *);
    void (*request_deinit)(void);
    void (*zig_init)(void *allocator);
    void (*load_hook)(const flexilib_host *);
    void (*unload_hook)(void);
    uint32_t (*abi_version)(void);
    int32_t id; /* the loop's name for it: in completions and log lines */
    int32_t failure;
    bool nonblocking;
    bool still_mapped;    /* after unload, or a load that failed: it was not unmapped */
    int32_t threads_left; /* why: so many threads run its code */
    char *path;
    char error[1024];
    char *probe; /* path of the program */
    int32_t timeout_ms, unprobed; /* of the probe; the errno with which it can't be run */
    uint64_t started; /* when it was loaded, in the kernel's unit for threads */
    int32_t code_count;
    fl_code code[FL_CODE_MAX]; /* what its unloading unmaps */
} fl_library;

void fl_library_fail(fl_library *library, enum fl_load_failure failure, const char *error);
void fl_library_open(void *library);
bool fl_library_guarded(fl_library *library, void (*step)(void *), bool loading);
void fl_probe(fl_library *library);
void fl_code_note(fl_library *library);
uint64_t fl_thread_started(void);
int32_t fl_threads_left(const fl_library *library, double wait_ms);

/* ---- a fault: what ended a call, and where it was ---------------------------------------------------------------- */

#define FL_FRAMES 16

/* What else ends a call, in fl_fault.signal; FL_INSIDE: nothing has, and this is where it is. */
enum { FL_EXIT = -1, FL_DEADLINE = -2, FL_THREAD_EXIT = -3, FL_INSIDE = -4 };

typedef struct fl_fault {
    int signal;
    void *address; /* of the memory touched, for SIGSEGV and SIGBUS */
    int32_t frame_count;
    void *frames[FL_FRAMES]; /* where it happened, and where each caller goes on; may be none */
} fl_fault;

/* heap.c: bytes that malloc has given away; 0 when nobody measures. */
size_t fl_heap_used(void);

/* ---- a call --------------------------------------------------------------------------------------------------- */

/* The first part is shared with the loop, which knows the offsets: src/call-layout.ts. Addresses are doubles there. */
typedef struct fl_call {
    /* Written by the loop. Offsets are into bytes; a field is nameOffset, nameLength, valueOffset, valueLength. */
    int32_t id;
    int32_t method_at, method_len, target_at, target_len;
    int32_t field_count;
    int32_t last;       /* the connection ends with this answer: it says so */
    int32_t window_len; /* bytes that the window has */

    /* Written by the calling thread. */
    int32_t outcome, complaint, signal;
    int32_t status;
    int32_t head_len;              /* of the answer's head, status line to empty line */
    int32_t fields_at, fields_len; /* in it, the field lines that depend on the executor, content-length included */
    int32_t reason_len;            /* after FL_REASON_AT */
    int32_t heap;                  /* out wants fl_call_reset */
    int32_t slow;                  /* written by the loop: it is expected to take long (pool.c) */

    double bytes;                   /* address of the head's bytes */
    double content, content_len;    /* address of the body */
    double deadline_ms;             /* CLOCK_MONOTONIC */
    double library;                 /* an fl_library */
    double window;                  /* where the answer goes if it fits; 0: memory of the call */
    double body_len;                /* what follows the head in out; 0 for HEAD, 204 and 304 */
    double started_ms, returned_ms; /* CLOCK_MONOTONIC: entered and left the executor */
    double pre_alloc, alloc;        /* bytes the arena held before the call; bytes the call asked of it */
    double out;                     /* address of the answer; outside of the window valid until fl_call_reset */
    double left;                    /* bytes of malloc's that the call left behind, if that is measured (heap.c) */
    int32_t fields[4 * FL_MAX_FIELDS];

    /* Not for the loop to touch. */
    size_t out_len, out_capacity;
    char *out_start; /* of the answer that is being written */
    char *out_heap;  /* NULL while the window or out_inline serves */
    struct fl_call *next;     /* in its lane of the pool */
    uint64_t number;      /* among all calls submitted */
    _Atomic int32_t look; /* fl_look */
    fl_fault place;       /* once it is FL_SEEN: where the call is */
    char out_inline[FL_OUT_INLINE];
} fl_call;

/* Of a call that was given up: has its thread told where it is? */
enum fl_look { FL_UNASKED = 0, FL_ASKED = 1, FL_SEEN = 2 };

#define FL_REASON_AT 13 /* «HTTP/1.1 200 » */

void fl_call_run(fl_call *call);
enum fl_complaint fl_response_copy(fl_call *call, const flexilib_response *response, bool head_only);

/* ---- out.c: the bytes of an answer, in the window, the call or the heap -------------------------------------------- */

#define FL_HEADROOM 32 /* before an answer that isn't in the window, for fl_call_end */
void fl_out_begin(fl_call *call);
bool fl_out_reserve(fl_call *call, size_t more);
void fl_out_append(fl_call *call, const char *from, size_t len);

const char *fl_status_phrase(int32_t status);

/* ---- threads that call into libraries -------------------------------------------------------------------------- */

typedef struct fl_thread fl_thread;
fl_thread *fl_thread_enter(const char *name, size_t arena_reserve); /* once a thread; NULL when memory is short */
void fl_thread_leave(void);
fl_thread *fl_thread_self(void); /* NULL on a thread that isn't ours */
fl_arena *fl_thread_arena(fl_thread *thread);
void fl_ours_add(void); /* the calling thread is ours: see stacks.c */
void fl_ours_remove(void);
bool fl_ours_has(int32_t number); /* gettid(2) */

/* What the thread is doing for a library; the host functions read it. */
typedef struct fl_activity {
    const fl_library *library;
    double deadline_ms;     /* 0 outside of a request */
    fl_library *loading;    /* inside flexilib_load */
    bool in_request;
} fl_activity;
fl_activity *fl_thread_activity(fl_thread *thread);
#define FL_DATE_LEN 29
const char *fl_date(fl_thread *thread);

/* ---- guard: run fn(arg); a fault signal inside it returns here -------------------------------------------------- */

bool fl_guard_install(void);
bool fl_guard_mend(void);
bool fl_guard_run(void (*fn)(void *), void *arg, fl_fault *fault); /* false: fault tells why */
void fl_call_fail(fl_call *call, const fl_fault *fault);

/* ---- report: what is told of a fault ---------------------------------------------------------------------------- */

size_t fl_fault_describe(const fl_fault *fault, const char *executor, char *text, size_t size);
size_t fl_fault_report(const fl_fault *fault, const char *executor, char *text, size_t size);

/* ---- symbols ---------------------------------------------------------------------------------------------------- */

typedef struct fl_symbol {
    const char *library; /* its path */
    uintptr_t base;
    const char *name;    /* of the exported symbol there, or NULL */
    uintptr_t start;     /* of the symbol */
} fl_symbol;

void fl_symbols_start(void);
bool fl_symbols_lockless(void);
bool fl_symbol_find(const void *address, fl_symbol *found);

/* ---- host functions offered to libraries -------------------------------------------------------------------------- */

extern const flexilib_host fl_host;
void *fl_zig_allocator(fl_thread *thread); /* a std.mem.Allocator over the thread's arena */
void fl_log(const fl_library *library, size_t level, const char *message, size_t len);

/* ---- completions ---------------------------------------------------------------------------------------------------- */

int fl_completions_open(void);
void fl_completions_close(void);
enum fl_event { FL_EVENT_CALL = 1, FL_EVENT_LOAD = 2, FL_EVENT_UNLOAD = 3, FL_EVENT_LOG = 4 };
void fl_complete_call(fl_call *call);
void fl_complete_library(enum fl_event event, fl_library *library);
void fl_complete_log(void);

double fl_now_ms(void); /* CLOCK_MONOTONIC */

#endif
