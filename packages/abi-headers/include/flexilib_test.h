/* Tests of an executor in C99 or C++, without a server. Compile them together with its sources to a program:
 *
 *     #include "flexilib_test.h"
 *
 *     TEST(says_hello) {
 *         flexilib_answer answer = flexilib_get("/hello/ada");
 *         CHECK_STATUS(answer, 200);
 *         CHECK_BODY(answer, "hello, ada\n");
 *     }
 *
 * There is a main already. It runs each test in a process of its own, with the library freshly loaded
 * (flexilib_load, and flexilib_unload at the end): a crash, an exit() or an endless loop fails that test alone. The
 * output is TAP; the exit status is 1 when a test failed. `PROGRAM NAME` runs one test, in the program's own
 * process, as a debugger wants it.
 *
 * An answer is what the client would get, without the fields that are the server's own. A response that the
 * server would refuse, because of an illegal header say, fails the test. After each request its memory is
 * overwritten and freed: -fsanitize=address finds who uses it later or beyond its end, and what malloc gave and
 * nobody freed. A test makes one request at a time.
 *
 * The file is long because one file is what a project without a package manager can take along. */
#ifndef FLEXILIB_TEST_H
#define FLEXILIB_TEST_H

#include "flexilib_helpers.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* What one test may take: a request's time on the server. Under valgrind, say, define it as more. */
#ifndef FLEXILIB_TEST_SECONDS
#define FLEXILIB_TEST_SECONDS 30
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What tests are written with ---------------------------------------------------------------------- */

/* What the client gets. It stays valid until the test ends. */
typedef struct flexilib_answer {
    size_t status;
    /* Empty: the usual phrase. A NUL follows it, as it does the body, each name and each value. */
    const char *reason;
    const char *body;
    size_t body_len;
    const flexilib_header *headers;
    size_t headers_len;
    /* The bytes that the library took from the request's arena. */
    size_t alloc;
} flexilib_answer;

/* Defines a test: `TEST(name) { … }`. They run in the order in which they stand. */
#define TEST(name)                                                                                           \
    static void flexilib_test_##name(void);                                                                  \
    static flexilib_kit_test flexilib_kit_##name = {#name, __FILE__, __LINE__, flexilib_test_##name, NULL};  \
    __attribute__((constructor)) static void flexilib_add_##name(void) {                                     \
        flexilib_kit_add(&flexilib_kit_##name);                                                              \
    }                                                                                                        \
    static void flexilib_test_##name(void)

/* A check that fails says what it found, and the test goes on. Each is 1 when it holds, else 0. */
#define CHECK(condition) flexilib_kit_check((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_STATUS(answer, status) flexilib_kit_check_status(answer, status, __FILE__, __LINE__)
#define CHECK_BODY(answer, text) flexilib_kit_check_body(answer, text, __FILE__, __LINE__)
#define CHECK_BODY_CONTAINS(answer, part)                                                                    \
    flexilib_kit_check_contains("body", (answer).body, part, __FILE__, __LINE__)
/* The first field of that name, whatever its case; the value NULL: there is none. */
#define CHECK_HEADER(answer, name, value) flexilib_kit_check_header(answer, name, value, __FILE__, __LINE__)
/* In what the library has logged in this test. */
#define CHECK_LOG_CONTAINS(part)                                                                             \
    flexilib_kit_check_contains("log", flexilib_test_log(), part, __FILE__, __LINE__)

static inline flexilib_answer flexilib_get(const char *target);

/* headers: lines, "accept: text/html\nx-name: ada" say, or NULL. body: a text, or NULL. */
static inline flexilib_answer flexilib_send(const char *method, const char *target, const char *headers,
                                            const char *body);

/* The same with any bytes as the body. */
static inline flexilib_answer flexilib_send_bytes(const char *method, const char *target, const char *headers,
                                                  const char *body, size_t body_len);

/* The value of the first field of that name, whatever its case; NULL when there is none. */
static inline const char *flexilib_answer_header(flexilib_answer answer, const char *name);

/* Loads the library, which otherwise the first request of a test does. Gives NULL, or the reason with which
 * flexilib_load refused. */
static inline const char *flexilib_test_load(void);

/* The lines that the library has logged in this test. */
static inline const char *flexilib_test_log(void);

/* From now on host->remaining_ns answers this to requests of this test; before it, 30 s. */
static inline void flexilib_test_set_remaining_ns(uint64_t remaining_ns);

/* ---- How it is done ----------------------------------------------------------------------------------- */

/* A library may be without these. */
#pragma weak request_deinit
#pragma weak flexilib_abi_version
#pragma weak flexilib_load
#pragma weak flexilib_unload

typedef struct flexilib_kit_test {
    const char *name, *file;
    int line;
    void (*run)(void);
    struct flexilib_kit_test *next;
} flexilib_kit_test;

/* 32 bytes, so that what follows it is aligned like malloc's. */
typedef struct flexilib_kit_block {
    struct flexilib_kit_block *next;
    char *bytes;
    size_t len, padding;
} flexilib_kit_block;

typedef struct flexilib_kit {
    flexilib_kit_test *tests, *last, *running;
    int failures, loaded, loading, in_request;
    uint64_t remaining_ns;
    flexilib_kit_block *arena, *kept; /* until the request ends, and until the test does */
    size_t alloc, log_len;
    char *log, *refusal;
} flexilib_kit;

/* Weak, as main is: one for all files that include this one. */
extern flexilib_kit flexilib_the_kit;
__attribute__((weak)) flexilib_kit flexilib_the_kit;

/* A test's process ends with one of these; with anything else somebody called exit(). */
enum { FLEXILIB_KIT_PASSED = 100, FLEXILIB_KIT_FAILED = 101 };

static inline void flexilib_kit_add(flexilib_kit_test *test) {
    flexilib_kit *kit = &flexilib_the_kit;
    if (kit->last == NULL) kit->tests = test;
    else kit->last->next = test;
    kit->last = test;
}

/* Says it in the form that compilers give errors, which editors follow. Without a file: of the running test. */
__attribute__((format(printf, 3, 4)))
static inline int flexilib_kit_fail(const char *file, int line, const char *format, ...) {
    flexilib_kit *kit = &flexilib_the_kit;
    va_list arguments;
    kit->failures += 1;
    printf("%s:%d: error: ", file != NULL ? file : kit->running->file, file != NULL ? line : kit->running->line);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    return 0;
}

static inline char *flexilib_kit_take(flexilib_kit_block **list, size_t len, size_t alignment) {
    size_t slack = alignment > 16 ? alignment : 0;
    flexilib_kit_block *block = (flexilib_kit_block *)calloc(1, sizeof *block + slack + len);
    if (block == NULL) {
        flexilib_kit_fail(NULL, 0, "memory is short");
        exit(FLEXILIB_KIT_FAILED);
    }
    block->bytes = (char *)(block + 1);
    if (slack > 0) block->bytes += alignment - (uintptr_t)block->bytes % alignment;
    block->len = len;
    block->next = *list;
    *list = block;
    return block->bytes;
}

/* Frees the first block of the list, and overwrites it for those who still read it. */
static inline void flexilib_kit_drop(flexilib_kit_block **list) {
    void *(*volatile fill)(void *, int, size_t) = memset; /* else a compiler sees that it is in vain */
    flexilib_kit_block *block = *list;
    *list = block->next;
    fill(block->bytes, 0xdd, block->len);
    free(block);
}

/* A copy with a NUL behind it, until the test ends. */
static inline char *flexilib_kit_keep(const char *text, size_t len) {
    char *copy = flexilib_kit_take(&flexilib_the_kit.kept, len + 1, 1);
    if (len > 0) memcpy(copy, text, len);
    return copy;
}

/* The text as it would stand in a source, on one line; `none` for NULL. */
static inline const char *flexilib_kit_show(const char *text, size_t len) {
    size_t i, most = len < 1000 ? len : 1000;
    char *shown = flexilib_kit_take(&flexilib_the_kit.kept, most * 4 + 40, 1), *at = shown;
    if (text == NULL) return "none";
    *at++ = '"';
    for (i = 0; i < most; i += 1) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n') at += sprintf(at, "\\n");
        else if (c == '"' || c == '\\') at += sprintf(at, "\\%c", c);
        else if (c < 32 || c == 127) at += sprintf(at, "\\x%02x", c);
        else *at++ = (char)c;
    }
    if (most < len) sprintf(at, "\"... (%lu bytes)", (unsigned long)len);
    else *at = '"';
    return shown;
}

/* The host table. */

static inline void *flexilib_kit_alloc(size_t len, size_t alignment) {
    const size_t len_max = (size_t)1 << 30, alignment_max = (size_t)1 << 20; /* the server's */
    if (!flexilib_the_kit.in_request || len > len_max) return NULL;
    if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > alignment_max) return NULL;
    flexilib_the_kit.alloc += len;
    return memset(flexilib_kit_take(&flexilib_the_kit.arena, len, alignment), 0xaa, len);
}

/* Never longer: a library must cope with that, and so the end of each allocation can be watched. */
static inline int flexilib_kit_resize(void *ptr, size_t old_len, size_t new_len) {
    (void)ptr;
    return new_len <= old_len;
}

static inline void flexilib_kit_free(void *ptr, size_t len) {
    flexilib_kit_block **at = &flexilib_the_kit.arena;
    (void)len;
    while (*at != NULL && (*at)->bytes != ptr) at = &(*at)->next;
    if (*at != NULL) flexilib_kit_drop(at);
    else flexilib_kit_fail(NULL, 0, "host->free was given what host->alloc did not give to this request");
}

static inline void flexilib_kit_log(size_t level, const char *message, size_t len) {
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    flexilib_kit *kit = &flexilib_the_kit;
    char *log = (char *)realloc(kit->log, kit->log_len + len + 2);
    if (log == NULL) return;
    memcpy(log + kit->log_len, message, len);
    memcpy(log + kit->log_len + len, "\n", 2);
    kit->log = log;
    kit->log_len += len + 1;
    printf("# log: %s: %s\n", level < 4 ? levels[level] : "?", flexilib_kit_show(message, len));
}

static inline const char *flexilib_test_log(void) {
    return flexilib_the_kit.log == NULL ? "" : flexilib_the_kit.log;
}

static inline uint64_t flexilib_kit_remaining_ns(void) {
    return flexilib_the_kit.in_request ? flexilib_the_kit.remaining_ns : UINT64_MAX;
}

static inline void flexilib_test_set_remaining_ns(uint64_t remaining_ns) {
    flexilib_the_kit.remaining_ns = remaining_ns;
}

static inline void flexilib_kit_refuse(const char *message, size_t len) {
    if (flexilib_the_kit.loading) flexilib_the_kit.refusal = flexilib_kit_keep(message, len);
}

static inline const char *flexilib_test_load(void) {
    static const flexilib_host host = {
        sizeof host,      flexilib_kit_alloc,        flexilib_kit_resize, flexilib_kit_free,
        flexilib_kit_log, flexilib_kit_remaining_ns, flexilib_kit_refuse,
    };
    flexilib_kit *kit = &flexilib_the_kit;
    if (kit->loaded) return kit->refusal;
    kit->loaded = kit->loading = 1;
    if (flexilib_abi_version != NULL && flexilib_abi_version() != FLEXILIB_ABI_VERSION)
        flexilib_kit_fail(NULL, 0, "the library was made for another version of the ABI");
    if (flexilib_load != NULL) flexilib_load(&host);
    kit->loading = 0;
    return kit->refusal;
}

/* From a response to an answer, by the server's rules. */

static inline int flexilib_kit_is(const flexilib_header *header, const char *name) {
    return flexilib_equal_ignoring_case(header->name_ptr, header->name_len, name);
}

static inline int flexilib_kit_is_the_servers(const flexilib_header *header) {
    return flexilib_kit_is(header, "connection") || flexilib_kit_is(header, "content-length") ||
           flexilib_kit_is(header, "transfer-encoding") || flexilib_kit_is(header, "keep-alive") ||
           flexilib_kit_is(header, "date") || flexilib_kit_is(header, "trailer");
}

/* RFC 9110 5.6.2 */
static inline int flexilib_kit_is_token(const char *text, size_t len) {
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t i;
    for (i = 0; i < len; i += 1)
        if (text[i] == '\0' || strchr(allowed, text[i]) == NULL) return 0;
    return len > 0;
}

/* RFC 9110 5.5: no control byte but the tab. */
static inline int flexilib_kit_is_value(const char *text, size_t len) {
    size_t i;
    for (i = 0; i < len; i += 1) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 32 && c != '\t') || c == 127) return 0;
    }
    return 1;
}

/* Why the server would refuse a field; NULL when it wouldn't. */
static inline const char *flexilib_kit_field_problem(const flexilib_header *field) {
    if (field->name_len + field->value_len > 65536) return "its headers are larger than 64 KiB";
    if (!flexilib_kit_is_token(field->name_ptr, field->name_len)) return "a header has an illegal name";
    if (!flexilib_kit_is_value(field->value_ptr, field->value_len))
        return "a header value contains CR, LF, NUL or another control byte";
    return NULL;
}

/* Fails the test when the server would refuse the response, and gives 0. */
static inline int flexilib_kit_is_legal(const flexilib_response *response) {
    const char *problem = NULL;
    const flexilib_header *field = response->headers;
    size_t size = 600; /* more than the status line and the server's own fields */
    if (response->status != 0 && (response->status < 200 || response->status > 999))
        problem = "its status is not within 200 to 999";
    else if (response->reason_len > 512 || !flexilib_kit_is_value(response->reason_ptr, response->reason_len))
        problem = "its reason phrase contains a control byte or is longer than 512 bytes";
    else if (response->headers_len > 1000) problem = "it has more than 1000 headers";
    else if (response->len > (size_t)1 << 30) problem = "its body is larger than 1 GiB";
    if (problem != NULL) return flexilib_kit_fail(NULL, 0, "the response would be refused, with a 500: %s", problem);
    for (; field < response->headers + response->headers_len; field += 1) {
        problem = flexilib_kit_field_problem(field);
        size += field->name_len + field->value_len + 4;
        if (problem == NULL && size > 65536) problem = "its headers are larger than 64 KiB";
        if (problem != NULL)
            return flexilib_kit_fail(NULL, 0, "the response would be refused, with a 500: %s\n    in %s: %s", problem,
                                     flexilib_kit_show(field->name_ptr, field->name_len),
                                     flexilib_kit_show(field->value_ptr, field->value_len));
    }
    return 1;
}

static inline flexilib_answer flexilib_kit_answer(const flexilib_response *response, const char *method) {
    static const flexilib_response failed = {"Internal Server Error\n", 22, NULL, 0, 500, NULL, 0};
    static const flexilib_header text_plain = {"content-type", 12, "text/plain", 10};
    flexilib_answer answer;
    flexilib_header *headers;
    size_t i;
    int no_content, typed;
    if (response == NULL || !flexilib_kit_is_legal(response)) response = &failed;
    answer.status = response->status == 0 ? 200 : response->status;
    answer.reason = flexilib_kit_keep(response->reason_ptr, response->reason_len);
    no_content = answer.status == 204 || answer.status == 304;
    answer.body_len = no_content || strcmp(method, "HEAD") == 0 ? 0 : response->len;
    answer.body = flexilib_kit_keep(response->ptr, answer.body_len);

    headers = (flexilib_header *)flexilib_kit_take(&flexilib_the_kit.kept,
                                                   (response->headers_len + 1) * sizeof *headers, 16);
    answer.headers = headers;
    answer.headers_len = 0;
    typed = no_content;
    for (i = 0; i <= response->headers_len; i += 1) {
        const flexilib_header *from = i < response->headers_len ? &response->headers[i] : &text_plain;
        if (from == &text_plain ? typed : flexilib_kit_is_the_servers(from)) continue;
        typed = typed || flexilib_kit_is(from, "content-type");
        headers->name_ptr = flexilib_kit_keep(from->name_ptr, from->name_len);
        headers->name_len = from->name_len;
        headers->value_ptr = flexilib_kit_keep(from->value_ptr, from->value_len);
        headers->value_len = from->value_len;
        headers += 1;
        answer.headers_len += 1;
    }
    answer.alloc = flexilib_the_kit.alloc;
    return answer;
}

/* From lines of `name: value` to fields that point into them. Gives their number. */
static inline size_t flexilib_kit_fields(const char *lines, size_t len, flexilib_header *fields) {
    const char *line = lines, *end_of_lines = lines + len, *end, *value, *next;
    size_t count = 0;
    for (; line < end_of_lines; line = next) {
        end = (const char *)memchr(line, '\n', (size_t)(end_of_lines - line));
        if (end == NULL) end = end_of_lines;
        next = end + 1;
        while (end > line && (end[-1] == '\r' || end[-1] == ' ' || end[-1] == '\t')) end -= 1;
        if (end == line) continue;
        value = (const char *)memchr(line, ':', (size_t)(end - line));
        if (value == NULL || !flexilib_kit_is_token(line, (size_t)(value - line))) {
            flexilib_kit_fail(NULL, 0, "a request's headers are lines of `name: value`, and %s is not",
                              flexilib_kit_show(line, (size_t)(end - line)));
            continue;
        }
        fields[count].name_ptr = line;
        fields[count].name_len = (size_t)(value - line);
        do value += 1;
        while (value < end && (*value == ' ' || *value == '\t'));
        fields[count].value_ptr = value;
        fields[count].value_len = (size_t)(end - value);
        count += 1;
    }
    return count;
}

static inline flexilib_answer flexilib_send_bytes(const char *method, const char *target, const char *headers,
                                                  const char *body, size_t body_len) {
    /* It lies in one piece, as it came from the client: who reads a text up to its NUL reads, and shows, more. */
    static const char after_target[] = " HTTP/1.1\r\n", after_body[] = "(beyond the body)";
    flexilib_kit *kit = &flexilib_the_kit;
    flexilib_header *fields;
    flexilib_request request;
    flexilib_answer answer;
    const char *refusal = flexilib_test_load();
    size_t i, lines = 1, headers_len = headers == NULL ? 0 : strlen(headers);
    char *at;
    if (refusal != NULL) {
        flexilib_kit_fail(NULL, 0, "flexilib_load refused: %s", flexilib_kit_show(refusal, strlen(refusal)));
        exit(FLEXILIB_KIT_FAILED);
    }
    for (i = 0; i < headers_len; i += 1) lines += headers[i] == '\n';
    fields = (flexilib_header *)flexilib_kit_take(&kit->arena, lines * sizeof *fields, 16);
    request.method_len = strlen(method);
    request.target_len = strlen(target);
    request.content_len = body_len;
    at = flexilib_kit_take(&kit->arena,
                           request.method_len + 1 + request.target_len + sizeof after_target + headers_len +
                               body_len + sizeof after_body,
                           1);
    request.method = (char *)memcpy(at, method, request.method_len + 1);
    at += request.method_len + 1;
    request.target = (char *)memcpy(at, target, request.target_len);
    at += request.target_len;
    memcpy(at, after_target, sizeof after_target - 1);
    at += sizeof after_target - 1;
    if (headers_len > 0) memcpy(at, headers, headers_len);
    request.headers = fields;
    request.headers_len = flexilib_kit_fields(at, headers_len, fields);
    at += headers_len;
    request.content = body_len == 0 ? NULL : (char *)memcpy(at, body, body_len);
    memcpy(at + body_len, after_body, sizeof after_body);

    kit->alloc = 0;
    kit->in_request = 1;
    answer = flexilib_kit_answer(handle_request(&request), method);
    if (request_deinit != NULL) request_deinit();
    kit->in_request = 0;
    while (kit->arena != NULL) flexilib_kit_drop(&kit->arena);
    return answer;
}

static inline flexilib_answer flexilib_send(const char *method, const char *target, const char *headers,
                                            const char *body) {
    return flexilib_send_bytes(method, target, headers, body, body == NULL ? 0 : strlen(body));
}

static inline flexilib_answer flexilib_get(const char *target) {
    return flexilib_send("GET", target, NULL, NULL);
}

static inline const char *flexilib_answer_header(flexilib_answer answer, const char *name) {
    size_t i;
    for (i = 0; i < answer.headers_len; i += 1)
        if (flexilib_kit_is(&answer.headers[i], name)) return answer.headers[i].value_ptr;
    return NULL;
}

/* The checks. */

static inline int flexilib_kit_check(int holds, const char *condition, const char *file, int line) {
    return holds || flexilib_kit_fail(file, line, "%s does not hold", condition);
}

static inline int flexilib_kit_check_status(flexilib_answer answer, size_t status, const char *file, int line) {
    return answer.status == status ||
           flexilib_kit_fail(file, line, "expected the status %lu\n    got %lu with the body %s",
                             (unsigned long)status, (unsigned long)answer.status,
                             flexilib_kit_show(answer.body, answer.body_len));
}

static inline int flexilib_kit_check_body(flexilib_answer answer, const char *text, const char *file, int line) {
    size_t len = strlen(text);
    return (answer.body_len == len && memcmp(answer.body, text, len) == 0) ||
           flexilib_kit_fail(file, line, "expected the body %s\n    got %s", flexilib_kit_show(text, len),
                             flexilib_kit_show(answer.body, answer.body_len));
}

static inline int flexilib_kit_check_header(flexilib_answer answer, const char *name, const char *value,
                                            const char *file, int line) {
    const char *got = flexilib_answer_header(answer, name);
    if (got == NULL ? value == NULL : value != NULL && strcmp(got, value) == 0) return 1;
    return flexilib_kit_fail(file, line, "expected the header %s: %s\n    got %s", name,
                             flexilib_kit_show(value, value == NULL ? 0 : strlen(value)),
                             flexilib_kit_show(got, got == NULL ? 0 : strlen(got)));
}

static inline int flexilib_kit_check_contains(const char *what, const char *text, const char *part,
                                              const char *file, int line) {
    return strstr(text, part) != NULL ||
           flexilib_kit_fail(file, line, "expected the %s to contain %s\n    got %s", what,
                             flexilib_kit_show(part, strlen(part)), flexilib_kit_show(text, strlen(text)));
}

/* Running them. */

static inline int flexilib_kit_run(const flexilib_kit_test *test) {
    flexilib_kit *kit = &flexilib_the_kit;
    kit->failures = 0;
    kit->remaining_ns = (uint64_t)30000000000;
    test->run();
    if (kit->loaded && kit->refusal == NULL && flexilib_unload != NULL) flexilib_unload();
    return kit->failures == 0;
}

static inline const char *flexilib_kit_signal_name(int number) {
    switch (number) {
    case SIGSEGV: return "SIGSEGV";
    case SIGABRT: return "SIGABRT";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case SIGTRAP: return "SIGTRAP";
    default: return "killed by a signal";
    }
}

static inline int flexilib_kit_run_apart(const flexilib_kit_test *test, const char *program) {
    int status = 0;
    pid_t child;
    fflush(stdout);
    child = fork();
    if (child == 0) {
        alarm(FLEXILIB_TEST_SECONDS);
        exit(flexilib_kit_run(test) ? FLEXILIB_KIT_PASSED : FLEXILIB_KIT_FAILED);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0) return flexilib_kit_fail(NULL, 0, "fork failed");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        return flexilib_kit_fail(NULL, 0, "not done after %d seconds", FLEXILIB_TEST_SECONDS);
    if (WIFSIGNALED(status))
        return flexilib_kit_fail(NULL, 0, "crashed: %s; a debugger shows where: %s %s",
                                 flexilib_kit_signal_name(WTERMSIG(status)), program, test->name);
    if (WEXITSTATUS(status) == FLEXILIB_KIT_PASSED) return 1;
    if (WEXITSTATUS(status) == FLEXILIB_KIT_FAILED) return 0;
    return flexilib_kit_fail(NULL, 0, "the process ended with the exit status %d", WEXITSTATUS(status));
}

#ifdef __cplusplus
}
#endif

__attribute__((weak)) int main(int argc, char **argv) {
    flexilib_kit *kit = &flexilib_the_kit;
    const char *wanted = argc > 1 ? argv[1] : NULL;
    unsigned ran = 0, failed = 0;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* what was said before a crash must not be lost */
    for (kit->running = kit->tests; kit->running != NULL; kit->running = kit->running->next) {
        int passed;
        if (wanted != NULL && strcmp(kit->running->name, wanted) != 0) continue;
        passed = wanted != NULL ? flexilib_kit_run(kit->running) : flexilib_kit_run_apart(kit->running, argv[0]);
        ran += 1;
        failed += passed ? 0 : 1;
        printf("%s %u - %s\n", passed ? "ok" : "not ok", ran, kit->running->name);
    }
    printf("1..%u\n", ran);
    if (failed > 0) printf("# %u of %u failed\n", failed, ran);
    if (wanted != NULL && ran == 0) printf("# there is no test %s\n", wanted);
    return failed > 0 || (wanted != NULL && ran == 0) ? 1 : 0;
}

#endif
