/* What the probe (probe/main.c) and the process that runs it (probe.c) agree on. */
#ifndef FLEXILIB_PROBE_H
#define FLEXILIB_PROBE_H

#include <stdlib.h>
#include <string.h>

#include "runtime.h"

/* Written to the probe's descriptor in two pieces: begun, just before the library is opened, then the rest. */
typedef struct fl_outcome_told {
    int32_t begun;
    int32_t failure; /* an fl_load_failure */
    char error[sizeof((fl_library *)0)->error];
} fl_outcome_told;

/* The descriptor of a library that lives in memory, -1 for one that has a path: the probe needs it at the same number. */
static inline int fl_memory_of(const char *path) {
    static const char prefix[] = "/proc/self/fd/";
    return strncmp(path, prefix, sizeof prefix - 1) == 0 ? atoi(path + sizeof prefix - 1) : -1;
}

#endif
