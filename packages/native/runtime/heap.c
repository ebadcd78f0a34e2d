/* What calls leave behind in malloc's memory. Nobody pays for it who hasn't asked: `flexilib dev` does. */
#include <dlfcn.h>
#include <stddef.h>

#include "runtime.h"

/* mallinfo2(3), of glibc 2.33 and newer. */
typedef struct {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
} mallinfo;

static mallinfo (*info)(void);

/* From here on calls are measured; before the first one. 0: the C library can't tell. */
FL_EXPORT int32_t fl_heap_watch(void) {
    *(void **)&info = dlsym(RTLD_DEFAULT, "mallinfo2");
    return info != NULL;
}

/* Bytes that malloc has given away, over all threads; 0 when nobody has asked. */
size_t fl_heap_used(void) {
    if (!info) return 0;
    mallinfo now = info();
    return now.uordblks + now.hblkhd;
}
