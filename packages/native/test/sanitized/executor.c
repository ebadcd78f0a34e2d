/* What stress.c calls: answers, logs, allocates, grows, fails, takes long and crashes, as the target's first letter says. */
#include <string.h>
#include <time.h>

#include "flexilib.h"

static const flexilib_host *host;
static _Thread_local flexilib_response response;

void flexilib_load(const flexilib_host *offered) { host = offered; }
void flexilib_unload(void) { host = NULL; }

static void use_arena(void) {
    size_t len = 16;
    char *text = host->alloc(len, 8);
    for (int i = 0; i < 12; i++) {
        if (!host->resize(text, len, 2 * len)) {
            char *moved = host->alloc(2 * len, 8);
            memcpy(moved, text, len);
            text = moved;
        }
        len *= 2;
        memset(text, 'a' + i, len);
    }
    host->free(host->alloc(100, 64), 100);
    response.ptr = text;
    response.len = len;
}

flexilib_response *handle_request(flexilib_request *request) {
    response = (flexilib_response){.ptr = request->target, .len = request->target_len};
    switch (request->target[0]) {
    case 'a': use_arena(); break;
    case 'l': host->log(FLEXILIB_LOG_INFO, request->target, request->target_len); break;
    case 'n': return NULL;
    case 's': response.status = 1000; break;
    case 't': for (int i = 0; i < 50; i++) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); break;
    case 'c': *(volatile int *)8 = 1; break;
    default: break;
    }
    return &response;
}
