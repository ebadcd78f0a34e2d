/* What is told of a fault: written after the jump, on the thread that crashed, without malloc(3). The same of a call that
 * goes on past its deadline. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime.h"

typedef struct {
    enum { NOWHERE, EXECUTOR, RUNTIME, OTHER } module;
    size_t offset;   /* in the module */
    char place[512]; /* for people; a longer name is cut */
} where;

typedef struct {
    char *text;
    size_t size, len;
} writer;

/* Writes all of it or nothing. */
__attribute__((format(printf, 2, 3))) static void put(writer *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    size_t room = out->size - out->len;
    size_t len = (size_t)vsnprintf(out->text + out->len, room, format, args);
    va_end(args);
    if (len < room) out->len += len;
    else out->text[out->len] = '\0';
}

static const char *name_of(int signal) {
    switch (signal) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case FL_EXIT: return "exit(3)";
    case FL_THREAD_EXIT: return "pthread_exit(3)";
    case FL_DEADLINE: return "stopped";
    case FL_INSIDE: return "still";
    default: return "SIGABRT";
    }
}

static where find(const fl_fault *fault, int32_t i, const char *executor) {
    /* A caller goes on after its call, where another line or function may begin: its last byte is what counts. */
    uintptr_t address = (uintptr_t)fault->frames[i] - (i > 0);
    where found = {.module = NOWHERE};
    fl_symbol symbol, own;
    if (!fl_symbol_find((const void *)address, &symbol)) {
        snprintf(found.place, sizeof found.place, "0x%zx (no library)", (size_t)address);
        return found;
    }
    bool ours = fl_symbol_find(&fl_host, &own) && own.base == symbol.base;
    found.module = ours ? RUNTIME : strcmp(symbol.library, executor) == 0 ? EXECUTOR : OTHER;
    found.offset = address - symbol.base;
    const char *slash = strrchr(symbol.library, '/');
    const char *library = found.module == EXECUTOR ? "library" : slash ? slash + 1 : symbol.library;
    if (!symbol.name) {
        snprintf(found.place, sizeof found.place, "%s+0x%zx", library, found.offset);
        return found;
    }
    int len = snprintf(found.place, sizeof found.place, "%.400s+0x%zx", symbol.name, address - symbol.start);
    if (found.module != EXECUTOR)
        snprintf(found.place + len, sizeof found.place - (size_t)len, " (%.80s)", library);
    return found;
}

/* How many frames belong to the executor and what it called: those of the runtime that called it are left out. */
static int32_t foreign(const fl_fault *fault, const char *executor, int32_t *first_own) {
    int32_t count = 0;
    bool ended = false;
    *first_own = -1;
    for (int32_t i = 0; i < fault->frame_count; i++) {
        int module = find(fault, i, executor).module;
        if (module == EXECUTOR && *first_own < 0) *first_own = i;
        if (module == EXECUTOR) ended = false;
        if (module == RUNTIME) ended = true;
        if (!ended) count = i + 1;
    }
    return count;
}

static void put_headline(writer *out, const fl_fault *fault, const char *executor, int32_t own) {
    put(out, "%s", name_of(fault->signal));
    if (fault->signal == SIGSEGV || fault->signal == SIGBUS) put(out, " at address 0x%zx", (size_t)fault->address);
    if (fault->signal == FL_EXIT && own >= 0) put(out, " called from %s", find(fault, own, executor).place);
    if (fault->frame_count == 0 || fault->signal == FL_EXIT) return;
    where first = find(fault, 0, executor);
    if (own < 0 && first.module == RUNTIME) put(out, " in FlexiLib, at what the library gave it");
    else put(out, " in %s", first.module == NOWHERE ? "no library" : first.place);
    if (own > 0) put(out, ", called from %s", find(fault, own, executor).place);
}

/* Writes «SIGSEGV at address 0x0 in handle_request+0x12», gives its length. executor: the path it was loaded by. */
size_t fl_fault_describe(const fl_fault *fault, const char *executor, char *text, size_t size) {
    writer out = {text, size, 0};
    int32_t own;
    foreign(fault, executor, &own);
    put_headline(&out, fault, executor, own);
    return out.len;
}

/* The same, then a line with the executor's path, and one for each frame: its place, and in the executor a tab and its
 * offset in the file as it is mapped. src/report.ts reads it. */
size_t fl_fault_report(const fl_fault *fault, const char *executor, char *text, size_t size) {
    writer out = {text, size, 0};
    int32_t own;
    int32_t count = foreign(fault, executor, &own);
    put_headline(&out, fault, executor, own);
    put(&out, "\n%s", executor);
    /* What happened in exit(3) is our own doing. */
    for (int32_t i = fault->signal == FL_EXIT && own > 0 ? own : 0; i < count; i++) {
        where frame = find(fault, i, executor);
        if (frame.module == EXECUTOR) put(&out, "\n%s\t%zx", frame.place, frame.offset);
        else put(&out, "\n%s", frame.place);
    }
    return out.len;
}
