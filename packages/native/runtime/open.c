/* Opening a library: what the probe does first, and this process after it. */
#include <dlfcn.h>
#include <stdio.h>

#include "thread.h"

void fl_library_fail(fl_library *library, enum fl_load_failure failure, const char *error) {
    library->failure = (int32_t)failure;
    snprintf(library->error, sizeof library->error, "%s", error ? error : "");
}

/* ISO C has no conversion from an object pointer to a function pointer; POSIX promises it for dlsym(3). */
#define FIND(library, member, name) (*(void **)&(library)->member = dlsym((library)->handle, name))

/* A step for fl_library_guarded: constructors run, and flexilib_abi_version; flexilib_load doesn't. Sets failure. */
void fl_library_open(void *arg) {
    fl_library *library = arg;
    library->handle = dlopen(library->path, RTLD_NOW | RTLD_LOCAL);
    if (!library->handle) {
        fl_library_fail(library, FL_DLOPEN, dlerror());
        return;
    }
    if (!FIND(library, handle_request, "handle_request")) {
        fl_library_fail(library, FL_NO_HANDLER, NULL);
        return;
    }
    FIND(library, request_deinit, "request_deinit");
    FIND(library, zig_init, "zigInit");
    FIND(library, load_hook, "flexilib_load");
    FIND(library, unload_hook, "flexilib_unload");
    FIND(library, abi_version, "flexilib_abi_version");
    library->nonblocking = dlsym(library->handle, "flexilib_nonblocking") != NULL;
    if (!library->abi_version) return;
    uint32_t version = library->abi_version();
    if (version == FLEXILIB_ABI_VERSION) return;
    char text[32];
    snprintf(text, sizeof text, "%u", version);
    fl_library_fail(library, FL_ABI_VERSION, text);
}

/* Runs a step of the library's life on the calling thread, which has entered. false: it crashed; failure and error
 * say so. loading: the step may refuse. */
bool fl_library_guarded(fl_library *library, void (*step)(void *), bool loading) {
    fl_activity *activity = fl_thread_activity(fl_thread_self());
    *activity = (fl_activity){.library = library, .loading = loading ? library : NULL};
    fl_fault fault;
    bool fine = fl_guard_run(step, library, &fault);
    *activity = (fl_activity){0};
    if (!fine) {
        library->failure = FL_LOAD_CRASHED;
        fl_fault_describe(&fault, library->path, library->error, sizeof library->error);
    }
    return fine;
}
