/* From an executor's response to bytes of our own: copy first, then check the copy, so that nothing the library
 * does afterwards can change what was checked. Runs under the guard: its pointers may be garbage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "runtime.h"

#define MAX_FIELDS 1000
#define MAX_HEAD ((size_t)64 << 10)
#define MAX_BODY ((size_t)1 << 30)

/* RFC 9110 5.6.2: tchar */
static bool is_token(const char *text, size_t len) {
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (c == '\0' || !strchr(others, c))) return false;
    }
    return len > 0;
}

/* RFC 9110 5.5: no CR, LF, NUL or other control but the tab */
static bool is_value(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 32 && c != '\t') || c == 127) return false;
    }
    return true;
}

static bool is_name(const char *name, size_t len, const char *lower) {
    return len == strlen(lower) && strncasecmp(name, lower, len) == 0;
}

/* These describe the message on the wire, which is the server's business; it sends no trailers. */
static bool is_ours(const char *name, size_t len) {
    static const char *const names[] = {"connection", "content-length", "transfer-encoding", "keep-alive", "date",
                                        "trailer"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_name(name, len, names[i])) return true;
    return false;
}

static char *out_bytes(fl_call *call) { return call->out_heap ? call->out_heap : call->out_inline; }

/* Makes room for more bytes; false when memory is short. */
bool fl_out_reserve(fl_call *call, size_t more) {
    size_t need = call->out_len + more;
    if (need <= call->out_capacity) return true;
    size_t capacity = need > 2 * call->out_capacity ? need : 2 * call->out_capacity;
    char *heap = realloc(call->out_heap, capacity);
    if (!heap) return false;
    if (!call->out_heap) memcpy(heap, call->out_inline, call->out_len);
    call->out_heap = heap;
    call->out_capacity = capacity;
    return true;
}

/* There must be room. */
void fl_out_append(fl_call *call, const char *from, size_t len) {
    if (len > 0) memcpy(out_bytes(call) + call->out_len, from, len);
    call->out_len += len;
}

/* Appends «name: value CRLF», or nothing if the field is ours. */
static enum fl_complaint copy_field(fl_call *call, const flexilib_header *from, bool *is_type) {
    const flexilib_header field = *from;
    if (field.name_len > MAX_HEAD || field.value_len > MAX_HEAD) return FL_HEAD_TOO_LARGE;
    size_t start = call->out_len;
    if (start + field.name_len + field.value_len > MAX_HEAD) return FL_HEAD_TOO_LARGE;
    if (!fl_out_reserve(call, field.name_len + field.value_len + 4)) return FL_NO_MEMORY;
    fl_out_append(call, field.name_ptr, field.name_len);
    fl_out_append(call, ": ", 2);
    fl_out_append(call, field.value_ptr, field.value_len);
    fl_out_append(call, "\r\n", 2);
    const char *name = out_bytes(call) + start;
    if (!is_token(name, field.name_len)) return FL_FIELD_NAME;
    if (!is_value(name + field.name_len + 2, field.value_len)) return FL_FIELD_VALUE;
    if (is_ours(name, field.name_len)) call->out_len = start;
    *is_type = is_name(name, field.name_len, "content-type");
    return FL_FINE;
}

/* RFC 9110 8.6: no content-length in 204, and in 304 it would speak of another response. Neither has content. */
static enum fl_complaint copy_body(fl_call *call, const flexilib_response *response, bool typed, bool head_only) {
    if (call->status == 204 || call->status == 304) return FL_FINE;
    if (response->len > MAX_BODY) return FL_BODY_TOO_LARGE;
    char line[80];
    int n = snprintf(line, sizeof line, "%scontent-length: %zu\r\n", typed ? "" : "content-type: text/plain\r\n",
                     response->len);
    size_t body_len = head_only ? 0 : response->len;
    if (!fl_out_reserve(call, (size_t)n + body_len)) return FL_NO_MEMORY;
    fl_out_append(call, line, (size_t)n);
    fl_out_append(call, response->ptr, body_len);
    call->body_len = (double)body_len;
    return FL_FINE;
}

/* Fills status, reason_len, head_len, body_len and out. head_only: the request's method is HEAD. */
enum fl_complaint fl_response_copy(fl_call *call, const flexilib_response *from, bool head_only) {
    const flexilib_response response = *from;
    size_t status = response.status == 0 ? 200 : response.status;
    if (status < 200 || status > 999) return FL_STATUS_RANGE;
    call->status = (int32_t)status;

    if (response.reason_len > 512) return FL_REASON;
    fl_out_append(call, response.reason_ptr, response.reason_len);
    if (!is_value(out_bytes(call), response.reason_len)) return FL_REASON;
    call->reason_len = (int32_t)response.reason_len;

    bool typed = false;
    if (response.headers_len > MAX_FIELDS) return FL_TOO_MANY_FIELDS;
    for (size_t i = 0; i < response.headers_len; i++) {
        bool is_type = false;
        enum fl_complaint complaint = copy_field(call, &response.headers[i], &is_type);
        if (complaint != FL_FINE) return complaint;
        typed = typed || is_type;
    }
    enum fl_complaint complaint = copy_body(call, &response, typed, head_only);
    call->head_len = (int32_t)(call->out_len - response.reason_len - (size_t)call->body_len);
    return complaint;
}
