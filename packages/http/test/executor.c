/* An executor that does what the target says. Built with flexilib.h in front. */
#include "flexilib_helpers.h"

#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

FLEXILIB_EXECUTOR

#ifdef SLOW_TO_LOAD
__attribute__((constructor)) static void load_slowly(void) { sleep(1); }
#endif

static atomic_int calls;
static atomic_int inside;

static size_t number(const char *text) { return strtoul(text, NULL, 10); }

/* A field of the request as the number or text that it holds. */
static const flexilib_header *option(flexilib_request *request, const char *name) {
    return flexilib_find_header(request, name);
}

/* All of it, though a signal asks where we are. */
static void sleep_ms(size_t ms) {
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0) continue;
}

/* Everything that was given, byte for byte. */
static flexilib_response *describe(flexilib_request *request) {
    size_t size = request->target_len + request->content_len + 256;
    for (size_t i = 0; i < request->headers_len; i++)
        size += request->headers[i].name_len + request->headers[i].value_len + 3;
    char *text = flexilib_alloc(size), *at = text;
    at += sprintf(at, "%s %.*s\n", request->method, (int)request->target_len, request->target);
    for (size_t i = 0; i < request->headers_len; i++) {
        const flexilib_header *field = &request->headers[i];
        memcpy(at, field->name_ptr, field->name_len);
        at += field->name_len;
        *at++ = ':';
        memcpy(at, field->value_ptr, field->value_len);
        at += field->value_len;
        *at++ = '\n';
    }
    at += sprintf(at, "%zu bytes\n", request->content_len);
    flexilib_response *response = flexilib_text(200, NULL, 0);
    response->ptr = text;
    response->len = (size_t)(at - text);
    return response;
}

/* Within its bytes: no NUL follows them. */
static size_t field_number(const flexilib_header *field) {
    char text[24] = "";
    memcpy(text, field->value_ptr, field->value_len < sizeof text ? field->value_len : sizeof text - 1);
    return number(text);
}

/* x-status and x-reason, the fields «r-NAME» without their «r-», and the body of the request. */
static flexilib_response *respond(flexilib_request *request) {
    flexilib_response *response = flexilib_text(200, NULL, 0);
    const flexilib_header *status = option(request, "x-status"), *reason = option(request, "x-reason");
    if (status) response->status = field_number(status);
    if (reason) {
        response->reason_ptr = reason->value_ptr;
        response->reason_len = reason->value_len;
    }
    flexilib_header *fields = flexilib_alloc((request->headers_len + 1) * sizeof *fields);
    response->headers = fields;
    for (size_t i = 0; i < request->headers_len; i++) {
        flexilib_header field = request->headers[i];
        if (field.name_len < 2 || memcmp(field.name_ptr, "r-", 2) != 0) continue;
        field.name_ptr += 2;
        field.name_len -= 2;
        fields[response->headers_len++] = field;
    }
    response->ptr = request->content;
    response->len = request->content_len;
    return response;
}

static flexilib_response *big(size_t size) {
    flexilib_response *response = flexilib_text(200, NULL, 0);
    char *body = flexilib_alloc(size);
    memset(body, 'b', size);
    response->ptr = body;
    response->len = size;
    return response;
}

/* A field or a reason that would end its line and begin one of its own. */
static flexilib_response *split(const char *target) {
    flexilib_response *response = flexilib_text(200, "split", 5);
    if (strncmp(target, "value", 5) == 0) flexilib_add_header(response, "x-a", "b\r\nset-cookie: c=d");
    else if (strncmp(target, "name", 4) == 0) flexilib_add_header(response, "x-a: b\r\nx-c", "d");
    else if (strncmp(target, "bare", 4) == 0) flexilib_add_header(response, "x-a", "b\nx-c: d");
    else {
        response->reason_ptr = "OK\r\nx-a: b";
        response->reason_len = 10;
    }
    return response;
}

/* Until the file is there that x-gate names; at most some 10 s. */
static void wait_at_gate(flexilib_request *request) {
    const flexilib_header *gate = option(request, "x-gate");
    char path[256] = "";
    if (!gate || gate->value_len >= sizeof path) return;
    memcpy(path, gate->value_ptr, gate->value_len);
    for (int i = 0; i < 20000 && access(path, F_OK) != 0; i++) usleep(500);
}

static flexilib_response *answer(flexilib_request *request) {
    char path[128] = ""; /* what it may be looked at as: a target has no NUL of its own */
    memcpy(path, request->target, request->target_len < sizeof path ? request->target_len : sizeof path - 1);
    if (strncmp(path, "/echo", 5) == 0) return flexilib_text(200, request->content, request->content_len);
    if (strncmp(path, "/describe", 9) == 0 || strncmp(path, "http", 4) == 0 || *path == '*') return describe(request);
    if (strncmp(path, "/respond", 8) == 0) return respond(request);
    if (strncmp(path, "/big/", 5) == 0) return big(number(path + 5));
    if (strncmp(path, "/split/", 7) == 0) return split(path + 7);
    if (strncmp(path, "/sleep/", 7) == 0) sleep_ms(number(path + 7));
    if (strncmp(path, "/gate", 5) == 0) wait_at_gate(request);
    if (strstr(path, "/null")) return NULL;
    if (strstr(path, "/crash")) *(volatile int *)8 = 1;
    return flexilib_printf(200, "%.*s\n", (int)request->target_len, request->target);
}

flexilib_response *handle_request(flexilib_request *request) {
    if (strncmp(request->target, "/count", 6) == 0)
        return flexilib_printf(200, "%d calls, %d inside", atomic_load(&calls), atomic_load(&inside));
    atomic_fetch_add(&calls, 1);
    atomic_fetch_add(&inside, 1);
    flexilib_response *response = answer(request);
    atomic_fetch_sub(&inside, 1);
    return response;
}
