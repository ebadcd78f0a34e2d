/* Drives the runtime without Node, for the sanitizers: stress LIBRARY [crash]. Exits with 0 when all was right. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

#define CALLS 64
#define ROUNDS 300
#define THREADS 4

int32_t fl_start(int32_t threads, size_t arena_reserve);
void fl_stop(void);
int32_t fl_reap(int32_t *pairs, int32_t max);
void fl_submit(fl_call *call);
void fl_kick(void);
int32_t fl_abandon(fl_call *call);
int32_t fl_look(fl_call *call, char *text, int32_t size);
fl_call *fl_call_new(int32_t id);
void fl_call_reset(fl_call *call);
void fl_call_free(fl_call *call);
fl_library *fl_library_new(const char *path, int32_t id);
void fl_library_free(fl_library *library);
int32_t fl_library_load(fl_library *library);
int32_t fl_library_unload(fl_library *library);
int32_t fl_log_take(char *text, int32_t *about);

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

static int fd;
static int logged;

/* Waits for completions and handles logs; gives how many others there were. */
static int reap(void) {
    int32_t pairs[2 * CALLS], about[3];
    char text[4096];
    int others = 0;
    CHECK(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 30000) == 1);
    int32_t n = fl_reap(pairs, CALLS);
    for (int32_t i = 0; i < n; i++) {
        if (pairs[2 * i] != FL_EVENT_LOG) others++;
        else while (fl_log_take(text, about) >= 0) logged++;
    }
    return others;
}

static void arena(void) {
    fl_arena arena;
    CHECK(fl_arena_init(&arena, 8192));
    for (int round = 0; round < 200; round++) {
        char *last = NULL;
        size_t last_len = 0;
        for (int i = 0; i < 50; i++) {
            size_t len = (size_t)(rand() % 3000), align = (size_t)1 << (rand() % 13);
            char *ptr = fl_arena_alloc(&arena, len, align);
            CHECK(ptr && (uintptr_t)ptr % align == 0);
            CHECK(!last || ptr >= last + last_len || ptr + len <= last);
            memset(ptr, i, len);
            if (fl_arena_resize(&arena, ptr, len, len + 100)) memset(ptr, i, len += 100);
            if (i % 7 == 0) fl_arena_free(&arena, ptr, len);
            else last = ptr, last_len = len;
        }
        CHECK(arena.asked > 0);
        fl_arena_reset(&arena);
        CHECK(arena.asked == 0 && arena.held >= 8192);
        CHECK(!fl_arena_alloc(&arena, SIZE_MAX, 1) && !fl_arena_alloc(&arena, 1, 3) && !fl_arena_alloc(&arena, 1, 0));
    }
    fl_arena_destroy(&arena);
}

static void submit(fl_call *call, const fl_library *library, const char *bytes) {
    call->library = (double)(uintptr_t)library;
    call->bytes = (double)(uintptr_t)bytes;
    call->deadline_ms = fl_now_ms() + 30000;
    fl_submit(call);
}

/* Gives up a call on each thread, asks where they are until they have returned, and again. */
static void give_up(fl_call **calls, const fl_library *library) {
    static const char bytes[] = "GETHostx-namevaluet-target";
    for (int round = 0; round < 20; round++) {
        char text[8192];
        for (int i = 0; i < THREADS; i++) {
            calls[i]->target_len = 8;
            submit(calls[i], library, bytes);
        }
        fl_kick();
        for (int i = 0; i < THREADS; i++)
            while (!fl_abandon(calls[i])) poll(NULL, 0, 1); /* it waits for a thread */
#ifndef __SANITIZE_THREAD__ /* it calls a signal's handler later, from elsewhere, or when the call has returned */
        for (int i = 0; i < THREADS; i++)
            while (fl_look(calls[i], text, sizeof text) == 0) poll(NULL, 0, 1); /* it may be just about to enter */
#endif
        for (int left = THREADS; left > 0; left -= reap())
            for (int i = 0; i < THREADS; i++) fl_look(calls[i], text, sizeof text);
        for (int i = 0; i < THREADS; i++) {
            CHECK(calls[i]->outcome == FL_OK);
#ifndef __SANITIZE_THREAD__
            CHECK(fl_look(calls[i], text, sizeof text) > 0 && strncmp(text, "still in ", 9) == 0);
            CHECK(strstr(text, "handle_request"));
#endif
            fl_call_reset(calls[i]);
        }
    }
}

int main(int argc, char **argv) {
    CHECK(argc >= 2);
    bool crash = argc > 2;
    const char *const letters = crash ? "palnsc" : "palns";
    size_t kinds = strlen(letters);
    arena();
    fd = fl_start(THREADS, 8192);
    CHECK(fd >= 0);
    fl_library *library = fl_library_new(argv[1], 1);
    CHECK(fl_library_load(library) && reap() == 1);
    CHECK(library->failure == FL_LOADED);

    static const char head[] = "GETHostx-namevalue";
    char bytes[CALLS][64];
    fl_call *calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
        fl_call *call = calls[i] = fl_call_new(i);
        int target_at = (int)sizeof head - 1;
        sprintf(bytes[i], "%s%c-target-%d", head, letters[(size_t)i % kinds], i);
        call->method_at = 0, call->method_len = 3, call->field_count = 1;
        call->target_at = target_at, call->target_len = (int32_t)strlen(bytes[i] + target_at);
        memcpy(call->fields, (int32_t[]){3, 4, 7, 1}, 16);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CALLS; i++) {
            submit(calls[i], library, bytes[i]);
            if (i % 7 == 0) fl_kick();
        }
        fl_kick();
        for (int left = CALLS; left > 0;) left -= reap();
        for (int i = 0; i < CALLS; i++) {
            static const int32_t expected[] = {FL_OK, FL_OK, FL_OK, FL_NULL, FL_BAD_RESPONSE, FL_CRASHED};
            CHECK(calls[i]->outcome == expected[(size_t)i % kinds]);
            if (letters[(size_t)i % kinds] == 'a') CHECK(calls[i]->body_len == 16 << 12);
            fl_call_reset(calls[i]);
        }
    }
    int lines = 0;
    for (int i = 0; i < CALLS; i++) lines += letters[(size_t)i % kinds] == 'l';
    CHECK(logged == lines * ROUNDS);
    give_up(calls, library);
    for (int i = 0; i < CALLS; i++) fl_call_free(calls[i]);
    CHECK(fl_library_unload(library) && reap() == 1);
    CHECK(!library->still_mapped);
    fl_library_free(library);
    fl_stop();
    fl_thread_leave();
    return 0;
}
