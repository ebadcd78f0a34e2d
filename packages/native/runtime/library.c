/* A library's birth and death, each on a short-lived native thread: constructors may block, the loop may not. */

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "thread.h"

#define LEAVE_MS 1000 /* so long may the library's threads take to end after flexilib_unload */

/* path: absolute, and not loaded before (dlopen(3) would give the old one); copied. id: the loop's name for it.
 * NULL when memory is short. */
FL_EXPORT fl_library *fl_library_new(const char *path, int32_t id) {
    fl_library *library = calloc(1, sizeof *library);
    if (!library) return NULL;
    library->id = id;
    library->path = strdup(path);
    if (library->path) return library;
    free(library);
    return NULL;
}

/* Only when it is not loaded. */
FL_EXPORT void fl_library_free(fl_library *library) {
    free(library->path);
    free(library->probe);
    free(library);
}

FL_EXPORT int32_t fl_library_failure(const fl_library *library) { return library->failure; }
FL_EXPORT const char *fl_library_error(const fl_library *library) { return library->error; }
FL_EXPORT int32_t fl_library_nonblocking(const fl_library *library) { return library->nonblocking; }
FL_EXPORT int32_t fl_library_still_mapped(const fl_library *library) { return library->still_mapped; }
FL_EXPORT int32_t fl_library_threads_left(const fl_library *library) { return library->threads_left; }
FL_EXPORT int32_t fl_library_unprobed(const fl_library *library) { return library->unprobed; }

static void load_hook(void *arg) {
    const fl_library *library = arg;
    if (library->load_hook) library->load_hook(&fl_host);
}

static void unload_hook(void *arg) {
    const fl_library *library = arg;
    if (library->unload_hook) library->unload_hook();
}

static void close_library(void *arg) {
    fl_library *library = arg;
    dlclose(library->handle);
    /* By now its name finds it only if something keeps it: NODELETE, a unique symbol, a thread-local destructor. */
    void *again = dlopen(library->path, RTLD_LAZY | RTLD_NOLOAD);
    library->still_mapped = again != NULL;
    if (again) dlclose(again);
    library->handle = NULL;
}

/* Pinned while a thread runs its code: better memory that is lost than a process. */
static void leave(fl_library *library) {
    library->threads_left = fl_threads_left(library, LEAVE_MS);
    if (library->threads_left > 0 || !fl_library_guarded(library, close_library, false)) library->still_mapped = true;
}

static void *probe_thread(void *arg) {
    fl_library *library = arg;
    fl_ours_add();
    fl_probe(library);
    fl_ours_remove();
    fl_complete_library(FL_EVENT_LOAD, library);
    return NULL;
}

static void *load_thread(void *arg) {
    fl_library *library = arg;
    library->started = fl_thread_started(); /* no thread of the library's is older than this one */
    if (!fl_thread_enter("flexilib-load", 0)) {
        fl_library_fail(library, FL_DLOPEN, "out of memory");
    } else if (!fl_library_guarded(library, fl_library_open, false)) {
        library->still_mapped = true;
    } else if (library->handle) {
        fl_code_note(library);
        if (library->failure == FL_LOADED && !fl_library_guarded(library, load_hook, true)) library->still_mapped = true;
        else if (library->failure != FL_LOADED) leave(library);
    }
    fl_thread_leave();
    fl_complete_library(FL_EVENT_LOAD, library);
    return NULL;
}

static void *unload_thread(void *arg) {
    fl_library *library = arg;
    library->failure = FL_LOADED;
    bool entered = fl_thread_enter("flexilib-unload", 0) != NULL;
    if (entered && fl_library_guarded(library, unload_hook, false)) leave(library);
    else library->still_mapped = true;
    fl_thread_leave();
    fl_complete_library(FL_EVENT_UNLOAD, library);
    return NULL;
}

static int32_t start(void *(*run)(void *), fl_library *library) {
    pthread_t thread;
    if (!fl_thread_start(run, library, &thread)) return 0;
    pthread_detach(thread);
    return 1;
}

/* Before fl_library_load: lets a process of its own, the program probe, open it. Answers with FL_EVENT_LOAD; then
 * failure and error are set, or unprobed. 0 if no thread could be started. */
FL_EXPORT int32_t fl_library_probe(fl_library *library, const char *probe, int32_t timeout_ms) {
    library->probe = strdup(probe);
    library->timeout_ms = timeout_ms;
    return library->probe ? start(probe_thread, library) : 0;
}

/* Answers with FL_EVENT_LOAD; then failure, error and nonblocking are set, and still_mapped and threads_left if it
 * failed and stays all the same. 0 if no thread could be started. */
FL_EXPORT int32_t fl_library_load(fl_library *library) { return start(load_thread, library); }

/* No call may be inside. Answers with FL_EVENT_UNLOAD; then still_mapped and threads_left are set, and failure and error
 * if a hook or destructor crashed. 0 if no thread could be started. */
FL_EXPORT int32_t fl_library_unload(fl_library *library) { return start(unload_thread, library); }
