/* What every server of the benchmark calls: one library, one ABI.
 *
 *   GET /x       "exec says /x", 12 bytes
 *   GET /json    1 KiB of JSON
 *   POST /echo   the body, not copied
 *   GET /spin    1 ms of computing, then text
 *   GET /block   50 ms of computing, then text
 *   GET /build   which build answers: the soak swaps builds
 */
#define _GNU_SOURCE
#include "flexilib.h"

#include <string.h>
#include <time.h>

#ifndef BUILD
#define BUILD "A"
#endif

enum { JSON_BYTES = 1024, TEXT_MAX = 256 };

/* A thread answers one request at a time, so an answer a thread is enough. */
static __thread struct {
    flexilib_response response;
    char text[TEXT_MAX];
} mine;

static char json[JSON_BYTES];
static const flexilib_header json_type = {"content-type", 12, "application/json", 16};

__attribute__((constructor)) static void fill_json(void) {
    static const char item[] = "\"flexilib bench\",";
    size_t at = 9, end = JSON_BYTES - 4;
    memcpy(json, "{\"list\":[", at);
    for (; at + sizeof item - 1 < end - 2; at += sizeof item - 1) memcpy(json + at, item, sizeof item - 1);
    json[at++] = '"';
    while (at < JSON_BYTES - 3) json[at++] = '.';
    memcpy(json + at, "\"]}", 3);
}

/* The thread's own time, so that a second thread on the same core doesn't make the work less. */
static void compute(long microseconds) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    long long end = now.tv_sec * 1000000LL + now.tv_nsec / 1000 + microseconds;
    volatile unsigned sum = 0;
    do {
        for (unsigned i = 0; i < 2000; i++) sum += i * i;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while (now.tv_sec * 1000000LL + now.tv_nsec / 1000 < end);
}

static int is(const flexilib_request *request, const char *target) {
    size_t len = strlen(target);
    return request->target_len >= len && memcmp(request->target, target, len) == 0;
}

static flexilib_response *say(const char *words, size_t words_len, const char *rest, size_t rest_len) {
    if (rest_len > TEXT_MAX - words_len) rest_len = TEXT_MAX - words_len;
    memcpy(mine.text, words, words_len);
    memcpy(mine.text + words_len, rest, rest_len);
    mine.response = (flexilib_response){.ptr = mine.text, .len = words_len + rest_len};
    return &mine.response;
}

flexilib_response *handle_request(flexilib_request *request) {
    if (is(request, "/json")) {
        mine.response = (flexilib_response){
            .ptr = json, .len = JSON_BYTES, .headers = &json_type, .headers_len = 1};
        return &mine.response;
    }
    if (is(request, "/echo")) {
        mine.response = (flexilib_response){.ptr = request->content, .len = request->content_len};
        return &mine.response;
    }
    if (is(request, "/spin")) compute(1000);
    if (is(request, "/block")) compute(50000);
    if (is(request, "/build")) return say("build ", 6, BUILD, sizeof BUILD - 1);
    return say("exec says ", 10, request->target, request->target_len);
}

/* For languages in which the structs are dear to lay out: numbers only, and no header fields, which favours
 * them. Copies the body to `out` and returns its length. */
FLEXILIB_EXPORT size_t flat_call(const char *target, size_t target_len, const char *content,
                                 size_t content_len, char *out) {
    flexilib_request request = {.target = target, .target_len = target_len, .content = content,
                                .content_len = content_len};
    request.method = content_len ? "POST" : "GET";
    request.method_len = content_len ? 4 : 3;
    flexilib_response *response = handle_request(&request);
    memcpy(out, response->ptr, response->len);
    return response->len;
}
