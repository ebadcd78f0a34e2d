/* A library's birth and death, each on a short-lived native thread: constructors may block, the loop may not. */

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thread.h"

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
    free(library);
}

FL_EXPORT int32_t fl_library_failure(const fl_library *library) { return library->failure; }
FL_EXPORT const char *fl_library_error(const fl_library *library) { return library->error; }
FL_EXPORT int32_t fl_library_nonblocking(const fl_library *library) { return library->nonblocking; }
FL_EXPORT int32_t fl_library_still_mapped(const fl_library *library) { return library->still_mapped; }

static void fail(fl_library *library, enum fl_load_failure failure, const char *error) {
    library->failure = (int32_t)failure;
    snprintf(library->error, sizeof library->error, "%s", error ? error : "");
}

/* ISO C has no conversion from an object pointer to a function pointer; POSIX promises it for dlsym(3). */
#define FIND(library, member, name) (*(void **)&(library)->member = dlsym((library)->handle, name))

static void load(void *arg) {
    fl_library *library = arg;
    library->handle = dlopen(library->path, RTLD_NOW | RTLD_LOCAL);
    if (!library->handle) {
        fail(library, FL_DLOPEN, dlerror());
        return;
    }
    if (!FIND(library, handle_request, "handle_request")) {
        fail(library, FL_NO_HANDLER, NULL);
        return;
    }
    FIND(library, request_deinit, "request_deinit");
    FIND(library, zig_init, "zigInit");
    FIND(library, load_hook, "flexilib_load");
    FIND(library, unload_hook, "flexilib_unload");
    FIND(library, abi_version, "flexilib_abi_version");
    library->nonblocking = dlsym(library->handle, "flexilib_nonblocking") != NULL;
    if (library->abi_version) {
        uint32_t version = library->abi_version();
        if (version != FLEXILIB_ABI_VERSION) {
            char text[32];
            snprintf(text, sizeof text, "%u", version);
            fail(library, FL_ABI_VERSION, text);
            return;
        }
    }
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

static bool guarded(fl_library *library, void (*step)(void *)) {
    fl_activity *activity = fl_thread_activity(fl_thread_self());
    *activity = (fl_activity){.library = library, .loading = step == load ? library : NULL};
    fl_fault fault;
    bool fine = fl_guard_run(step, library, &fault);
    *activity = (fl_activity){0};
    if (!fine) {
        library->failure = FL_LOAD_CRASHED;
        fl_fault_describe(&fault, library->path, library->error, sizeof library->error);
    }
    return fine;
}

static void *load_thread(void *arg) {
    fl_library *library = arg;
    if (!fl_thread_enter("flexilib-load", 0)) {
        fail(library, FL_DLOPEN, "out of memory");
    } else if (guarded(library, load) && library->failure != FL_LOADED && library->handle) {
        guarded(library, close_library);
    }
    fl_thread_leave();
    fl_complete_library(FL_EVENT_LOAD, library);
    return NULL;
}

static void *unload_thread(void *arg) {
    fl_library *library = arg;
    library->failure = FL_LOADED;
    bool entered = fl_thread_enter("flexilib-unload", 0) != NULL;
    if (!entered || !guarded(library, unload_hook) || !guarded(library, close_library)) library->still_mapped = true;
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

/* Answers with FL_EVENT_LOAD; then failure, error and nonblocking are set. 0 if no thread could be started. */
FL_EXPORT int32_t fl_library_load(fl_library *library) { return start(load_thread, library); }

/* No call may be inside. Answers with FL_EVENT_UNLOAD; then still_mapped is set, and failure and error if a hook or
 * destructor crashed. 0 if no thread could be started. */
FL_EXPORT int32_t fl_library_unload(fl_library *library) { return start(unload_thread, library); }
