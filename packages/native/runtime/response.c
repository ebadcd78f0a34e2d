/* From an executor's response to bytes of our own: copy first, then check the copy, so that nothing the library
 * does afterwards can change what was checked. Runs under the guard: its pointers may be garbage. */
#include <string.h>
#include <strings.h>

#include "runtime.h"

#define MAX_FIELDS 1000
#define MAX_HEAD ((size_t)64 << 10)
#define MAX_BODY ((size_t)1 << 30)

/* RFC 9110 5.6.2: tchar, "!#$%&'*+-.^_`|~", digits and letters, as a set of bits. */
static bool is_token(const char *text, size_t len) {
    static const uint64_t tchars[2] = {0x03ff6cfa00000000, 0x57ffffffc7fffffe};
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)text[i];
        if (c > 127 || !(tchars[c >> 6] >> (c & 63) & 1)) return false;
    }
    return len > 0;
}

/* RFC 9110 5.5: no CR, LF, NUL or other control but the tab */
static bool is_value(const char *text, size_t len) {
    bool bad = false;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)text[i];
        bad |= (c < 32 && c != '\t') || c == 127;
    }
    return !bad;
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

static void append_text(fl_call *call, const char *text) { fl_out_append(call, text, strlen(text)); }

static void append_number(fl_call *call, size_t number) {
    char digits[20], *at = digits + sizeof digits;
    do *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    fl_out_append(call, at, (size_t)(digits + sizeof digits - at));
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
    const char *name = call->out_start + start;
    if (!is_token(name, field.name_len)) return FL_FIELD_NAME;
    if (!is_value(name + field.name_len + 2, field.value_len)) return FL_FIELD_VALUE;
    if (is_ours(name, field.name_len)) call->out_len = start;
    *is_type = is_name(name, field.name_len, "content-type");
    return FL_FINE;
}

/* Room for what is ours in a head: the status line's start, default content-type, content-length, date, connection. */
#define OURS 256
#define MAX_REASON 512

static enum fl_complaint copy_status(fl_call *call, const flexilib_response *response) {
    size_t status = response->status == 0 ? 200 : response->status;
    if (status < 200 || status > 999) return FL_STATUS_RANGE;
    if (response->reason_len > MAX_REASON) return FL_REASON;
    if (!fl_out_reserve(call, MAX_REASON + OURS)) return FL_NO_MEMORY;
    call->status = (int32_t)status;
    append_text(call, "HTTP/1.1 ");
    append_number(call, status);
    append_text(call, " ");
    if (response->reason_len > 0) fl_out_append(call, response->reason_ptr, response->reason_len);
    else append_text(call, fl_status_phrase((int32_t)status));
    call->reason_len = (int32_t)(call->out_len - FL_REASON_AT);
    if (!is_value(call->out_start + FL_REASON_AT, (size_t)call->reason_len)) return FL_REASON;
    append_text(call, "\r\n");
    call->fields_at = (int32_t)call->out_len;
    return FL_FINE;
}

static enum fl_complaint copy_fields(fl_call *call, const flexilib_response *response, bool *typed) {
    if (response->headers_len > MAX_FIELDS) return FL_TOO_MANY_FIELDS;
    for (size_t i = 0; i < response->headers_len; i++) {
        bool is_type = false;
        enum fl_complaint complaint = copy_field(call, &response->headers[i], &is_type);
        if (complaint != FL_FINE) return complaint;
        *typed = *typed || is_type;
    }
    return FL_FINE;
}

/* Fills status, the lengths and out. head_only: the request's method is HEAD. */
enum fl_complaint fl_response_copy(fl_call *call, const flexilib_response *from, bool head_only) {
    const flexilib_response response = *from;
    enum fl_complaint complaint = copy_status(call, &response);
    if (complaint != FL_FINE) return complaint;
    bool typed = false;
    complaint = copy_fields(call, &response, &typed);
    if (complaint != FL_FINE) return complaint;

    /* RFC 9110 8.6: no content-length in 204, and in 304 it would speak of another response. Neither has content. */
    bool content = call->status != 204 && call->status != 304;
    if (content && response.len > MAX_BODY) return FL_BODY_TOO_LARGE;
    size_t body_len = content && !head_only ? response.len : 0;
    if (!fl_out_reserve(call, OURS + body_len)) return FL_NO_MEMORY;
    if (content && !typed) append_text(call, "content-type: text/plain\r\n");
    if (content) {
        append_text(call, "content-length: ");
        append_number(call, response.len);
        append_text(call, "\r\n");
    }
    call->fields_len = (int32_t)call->out_len - call->fields_at;
    append_text(call, "date: ");
    fl_out_append(call, fl_date(fl_thread_self()), FL_DATE_LEN);
    append_text(call, call->last ? "\r\nconnection: close\r\n\r\n" : "\r\n\r\n");
    call->head_len = (int32_t)call->out_len;
    fl_out_append(call, response.ptr, body_len);
    call->body_len = (double)body_len;
    return FL_FINE;
}
