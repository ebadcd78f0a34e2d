/* Generated from src/definition.ts of @flexilib/abi-headers by `npm run generate`: do not edit. */
#ifndef FLEXILIB_H
#define FLEXILIB_H

#include <stddef.h>
#include <stdint.h>

/* The version of the ABI described here. */
#define FLEXILIB_ABI_VERSION 1
/* Level for `host.log`: something failed. */
#define FLEXILIB_LOG_ERROR 0
/* Level for `host.log`: something is odd, but was dealt with. */
#define FLEXILIB_LOG_WARNING 1
/* Level for `host.log`: worth knowing. */
#define FLEXILIB_LOG_INFO 2
/* Level for `host.log`: worth knowing when looking for a fault. */
#define FLEXILIB_LOG_DEBUG 3

/* Makes a symbol visible in a library that is built with -fvisibility=hidden. */
#ifndef FLEXILIB_EXPORT
#if defined(__GNUC__)
#define FLEXILIB_EXPORT __attribute__((visibility("default")))
#else
#define FLEXILIB_EXPORT
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A header field of a request or a response. */
typedef struct flexilib_header {
    /* The name, as the client sent it; compare it without case. */
    const char *name_ptr;
    /* Length of the name. */
    size_t name_len;
    /* The value, without blanks around it. */
    const char *value_ptr;
    /* Length of the value. */
    size_t value_len;
} flexilib_header;

/* A request. What it points to stays valid until request_deinit, so a response may point into it. */
typedef struct flexilib_request {
    /* The raw request target, query included, not decoded. */
    const char *target;
    /* Length of the target. */
    size_t target_len;
    /* The method; a NUL byte follows it. */
    const char *method;
    /* Length of the method, without the NUL. */
    size_t method_len;
    /* The body; undefined when content_len is 0. */
    const char *content;
    /* Length of the body. */
    size_t content_len;
    /* The header fields in the order the client sent them, duplicates included. */
    const flexilib_header *headers;
    /* Number of header fields. */
    size_t headers_len;
} flexilib_request;

/* A response. The server takes its headers except connection, content-length, transfer-encoding, keep-alive,
 * date and trailer, which are its own, and adds `content-type: text/plain` when there is no content-type. An
 * illegal header name, a CR, LF, NUL or other control byte but the tab in a header or in the reason, or a
 * status outside 200 to 999 turns the answer into a 500 and a log line. */
typedef struct flexilib_response {
    /* The body; undefined when len is 0. */
    const char *ptr;
    /* Length of the body. */
    size_t len;
    /* The header fields, sent in this order; undefined when headers_len is 0. */
    const flexilib_header *headers;
    /* Number of header fields. */
    size_t headers_len;
    /* The status code; 0 means 200. */
    size_t status;
    /* The reason phrase; undefined when reason_len is 0, which means the usual phrase. */
    const char *reason_ptr;
    /* Length of the reason phrase. */
    size_t reason_len;
} flexilib_response;

/* What the server offers to a library: flexilib_load hands it over. */
typedef struct flexilib_host {
    /* The size of this struct in the server. A member that lies beyond it doesn't exist there. */
    size_t size;
    /* Takes `len` bytes from the calling thread's request arena. `alignment` is a power of two.
     * Ownership: The arena owns the memory; nobody needs to free it.
     * Lifetime: Until the request ends, after request_deinit.
     * Thread: Only a thread that is inside handle_request or request_deinit.
     * Failure: NULL when memory is short, or outside of a request.
     */
    void *(*alloc)(size_t len, size_t alignment);
    /* Makes an allocation longer or shorter without moving it. 1: `ptr` now holds `new_len` bytes.
     * Ownership: As alloc.
     * Lifetime: As alloc.
     * Thread: As alloc.
     * Failure: 0: nothing changed; allocate anew and copy.
     */
    int (*resize)(void *ptr, size_t old_len, size_t new_len);
    /* A hint: gives the bytes back to the arena when they were its last allocation, else does nothing.
     * Ownership: `ptr` came from alloc and has `len` bytes.
     * Lifetime: The bytes must not be used afterwards.
     * Thread: As alloc.
     * Failure: None.
     */
    void (*free)(void *ptr, size_t len);
    /* Writes a line with the library's name to the server's standard error. `level` is a LOG constant.
     * Ownership: The message stays yours: it is copied before log returns.
     * Lifetime: The message is needed only during the call.
     * Thread: Any thread that is inside a call into the library.
     * Failure: None: lines may be dropped when nobody reads them.
     */
    void (*log)(size_t level, const char *message, size_t len);
    /* Nanoseconds until the current request's deadline; past it the client gets a 504.
     * Ownership: None.
     * Lifetime: None.
     * Thread: Any thread; it answers for the request that the calling thread is in.
     * Failure: 0 past the deadline; the largest value outside of a request.
     */
    uint64_t (*remaining_ns)(void);
    /* Says that this build won't serve, and why. The build before it goes on serving.
     * Ownership: The message stays yours: it is copied before refuse returns.
     * Lifetime: The message is needed only during the call.
     * Thread: Only inside flexilib_load.
     * Failure: Elsewhere it does nothing.
     */
    void (*refuse)(const char *message, size_t len);
} flexilib_host;

/* What an executor exports. */

/* Required. Answers a request.
 * Ownership: The server owns the request; the library owns the response and what it points to. The server
 * reads it only.
 * Lifetime: Both stay valid and unchanged until request_deinit returns.
 * Thread: Any thread of the server, several at once.
 * Failure: NULL: the client gets a 500. A crash: 502. Past the deadline: 504.
 */
FLEXILIB_EXPORT flexilib_response *handle_request(flexilib_request *request);

/* Optional. Ends the request: the response was sent or copied, and its memory may go.
 * Ownership: The library takes its response back.
 * Lifetime: When it has returned, the request and the arena are gone.
 * Thread: On handle_request's thread, after it, also when it returned NULL; never after a crash.
 * Failure: None.
 */
FLEXILIB_EXPORT void request_deinit(void);

/* Optional. Only for libraries made for the original's interface: hands over the arena as a
 * `std.mem.Allocator`. Works with Zig up to 0.13 in any mode and with 0.14 to 0.16 in release modes. New code
 * uses flexilib_load.
 * Ownership: The server owns the allocator; what it allocates goes when the request ends.
 * Lifetime: Until request_deinit returns.
 * Thread: On handle_request's thread, before each call of it.
 * Failure: None.
 */
FLEXILIB_EXPORT void zigInit(void *allocator);

/* Optional. Returns the ABI_VERSION that the library was compiled with.
 * Ownership: None.
 * Lifetime: None.
 * Thread: On a native thread, before flexilib_load.
 * Failure: A version that the server does not know: the library is not loaded, the build before it goes on.
 */
FLEXILIB_EXPORT uint32_t flexilib_abi_version(void);

/* Optional. Called once per load, before the first request. The place to open what all requests share.
 * Ownership: The server owns the table.
 * Lifetime: The table is valid until flexilib_unload has returned.
 * Thread: On a native thread, never on the server's event loop, with nothing else inside the library.
 * Failure: Release what was opened and call host->refuse: this build is closed, without flexilib_unload, and
 * the build before it goes on. A crash refuses it too.
 */
FLEXILIB_EXPORT void flexilib_load(const flexilib_host *host);

/* Optional. Called once, after the last request: end your threads, close what flexilib_load opened.
 * Ownership: Everything that the library holds is its own to release.
 * Lifetime: When it has returned, the library is unmapped.
 * Thread: On a native thread, with nothing else inside the library.
 * Failure: None. A thread left running would run unmapped code.
 */
FLEXILIB_EXPORT void flexilib_unload(void);

/* Optional. Its presence promises that handle_request never blocks and takes microseconds: it may then run on
 * the server's event loop. Its value is not read. */
FLEXILIB_EXPORT extern const uint8_t flexilib_nonblocking;

#ifdef __cplusplus
}
#endif

#endif
