/* What an executor in C99 or C++ usually needs, on top of flexilib.h: look up headers, build a response, log.
 *
 *     #include "flexilib_helpers.h"
 *
 *     FLEXILIB_EXECUTOR
 *
 *     flexilib_response *handle_request(flexilib_request *request) {
 *         flexilib_response *response = flexilib_printf(200, "hello, %s\n", request->method);
 *         flexilib_add_header(response, "x-language", "C");
 *         return response;
 *     }
 *
 * What these functions allocate lives until request_deinit, on the thread that handles the request, in the
 * server's arena. Without a server, in a unit test say, it comes from malloc and request_deinit frees it.
 * When memory is short they return NULL, which each of them also accepts, and which is a 500 when returned.
 * The file is long because one file is what a project without a package manager can take along. */
#ifndef FLEXILIB_HELPERS_H
#define FLEXILIB_HELPERS_H

#include "flexilib.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__)
#define FLEXILIB_HIDDEN __attribute__((visibility("hidden")))
#define FLEXILIB_LIKE_PRINTF __attribute__((format(printf, 2, 3)))
#else
#define FLEXILIB_HIDDEN
#define FLEXILIB_LIKE_PRINTF
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* An allocation made without a server; 16 bytes, so that what follows it is aligned like malloc's. */
typedef struct flexilib_block {
    struct flexilib_block *next;
    uint64_t padding;
} flexilib_block;

/* The library's state. The list is a plain pointer: a thread-local with a destructor would keep the library
 * from being unloaded. */
FLEXILIB_HIDDEN extern const flexilib_host *flexilib_current_host;
FLEXILIB_HIDDEN extern __thread flexilib_block *flexilib_blocks;

/* Once per library, at file scope, no semicolon. A library that has a flexilib_load of its own uses
 * FLEXILIB_STATE instead and sets flexilib_current_host there. */
#define FLEXILIB_EXECUTOR                                                                                    \
    FLEXILIB_STATE                                                                                           \
    void flexilib_load(const flexilib_host *host) { flexilib_current_host = host; }

#define FLEXILIB_STATE                                                                                       \
    const flexilib_host *flexilib_current_host = NULL;                                                       \
    __thread flexilib_block *flexilib_blocks = NULL;                                                         \
    uint32_t flexilib_abi_version(void) { return FLEXILIB_ABI_VERSION; }                                     \
    void request_deinit(void) {                                                                              \
        while (flexilib_blocks != NULL) {                                                                    \
            flexilib_block *block = flexilib_blocks;                                                         \
            flexilib_blocks = block->next;                                                                   \
            free(block);                                                                                     \
        }                                                                                                    \
    }

/* Memory for the current request, aligned for any type. NULL when memory is short. */
static inline void *flexilib_alloc(size_t len) {
    flexilib_block *block;
    if (flexilib_current_host != NULL) return flexilib_current_host->alloc(len, 16);
    if (len > SIZE_MAX - sizeof *block) return NULL;
    block = (flexilib_block *)malloc(sizeof *block + len);
    if (block == NULL) return NULL;
    block->next = flexilib_blocks;
    flexilib_blocks = block;
    return block + 1;
}

/* 1 when the text is `expected`, a terminated string, comparing ASCII letters without case. */
static inline int flexilib_equal_ignoring_case(const char *text, size_t len, const char *expected) {
    size_t i;
    if (strlen(expected) != len) return 0;
    for (i = 0; i < len; i += 1) {
        unsigned char a = (unsigned char)text[i], b = (unsigned char)expected[i];
        if (a >= 'A' && a <= 'Z') a = (unsigned char)(a + 32);
        if (b >= 'A' && b <= 'Z') b = (unsigned char)(b + 32);
        if (a != b) return 0;
    }
    return 1;
}

/* The first header field of that name, whatever its case, in the request; NULL when there is none. */
static inline const flexilib_header *flexilib_find_header(const flexilib_request *request, const char *name) {
    size_t i;
    for (i = 0; i < request->headers_len; i += 1) {
        const flexilib_header *header = &request->headers[i];
        if (flexilib_equal_ignoring_case(header->name_ptr, header->name_len, name)) return header;
    }
    return NULL;
}

/* Length of the path, with which the target begins; a `?` and the query may follow. */
static inline size_t flexilib_path_len(const flexilib_request *request) {
    const char *mark = (const char *)memchr(request->target, '?', request->target_len);
    return mark == NULL ? request->target_len : (size_t)(mark - request->target);
}

static inline int flexilib_path_is(const flexilib_request *request, const char *path) {
    size_t len = strlen(path);
    return flexilib_path_len(request) == len && memcmp(request->target, path, len) == 0;
}

/* What follows the prefix in the path, and its length; NULL when the path begins otherwise. */
static inline const char *flexilib_path_after(const flexilib_request *request, const char *prefix, size_t *len) {
    size_t path_len = flexilib_path_len(request), prefix_len = strlen(prefix);
    if (path_len < prefix_len || memcmp(request->target, prefix, prefix_len) != 0) return NULL;
    *len = path_len - prefix_len;
    return request->target + prefix_len;
}

static inline int flexilib_method_is(const flexilib_request *request, const char *method) {
    return strcmp(request->method, method) == 0;
}

/* A response with a copy of the body. For a body that outlives the request, pass NULL and 0 and set `ptr` and
 * `len` of the response: nothing is copied then. */
static inline flexilib_response *flexilib_text(size_t status, const char *body, size_t len) {
    flexilib_response *response;
    char *copy = (char *)flexilib_alloc(len + 1);
    response = copy == NULL ? NULL : (flexilib_response *)flexilib_alloc(sizeof *response);
    if (response == NULL) return NULL;
    memset(response, 0, sizeof *response);
    if (len > 0) memcpy(copy, body, len);
    response->ptr = copy;
    response->len = len;
    response->status = status;
    return response;
}

/* A response with a body made as printf makes it. */
FLEXILIB_LIKE_PRINTF
static inline flexilib_response *flexilib_printf(size_t status, const char *format, ...) {
    flexilib_response *response;
    va_list arguments;
    char *body;
    int len;
    va_start(arguments, format);
    len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    response = flexilib_text(status, NULL, 0);
    body = len < 0 || response == NULL ? NULL : (char *)flexilib_alloc((size_t)len + 1);
    if (body == NULL) return NULL;
    va_start(arguments, format);
    vsnprintf(body, (size_t)len + 1, format, arguments);
    va_end(arguments);
    response->ptr = body;
    response->len = (size_t)len;
    return response;
}

/* Adds a header field with copies of name and value. 0 when memory is short or the response is NULL, else 1.
 * All headers of a response must be added by it: their number says when their array has to grow. */
static inline int flexilib_add_header(flexilib_response *response, const char *name, const char *value) {
    size_t count, name_len = strlen(name), value_len = strlen(value);
    flexilib_header *headers;
    char *text;
    if (response == NULL) return 0;
    count = response->headers_len;
    headers = (flexilib_header *)response->headers;
    if ((count & (count - 1)) == 0 && (count == 0 || count >= 8)) {
        headers = (flexilib_header *)flexilib_alloc((count == 0 ? 8 : count * 2) * sizeof *headers);
        if (headers == NULL) return 0;
        if (count > 0) memcpy(headers, response->headers, count * sizeof *headers);
        response->headers = headers;
    }
    text = (char *)flexilib_alloc(name_len + value_len + 1);
    if (text == NULL) return 0;
    memcpy(text, name, name_len);
    memcpy(text + name_len, value, value_len);
    headers[count].name_ptr = text;
    headers[count].name_len = name_len;
    headers[count].value_ptr = text + name_len;
    headers[count].value_len = value_len;
    response->headers_len = count + 1;
    return 1;
}

/* Logs a line as printf makes it, up to 1 KiB; level is FLEXILIB_LOG_…. Without a server: to stderr. */
FLEXILIB_LIKE_PRINTF
static inline void flexilib_log(size_t level, const char *format, ...) {
    char line[1024];
    va_list arguments;
    int len;
    va_start(arguments, format);
    len = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (len < 0) return;
    if (flexilib_current_host == NULL) {
        fprintf(stderr, "%s\n", line);
        return;
    }
    flexilib_current_host->log(level, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
}

#ifdef __cplusplus
}
#endif

#endif
