/* Which threads still run a library's code: it may not be unmapped under them. Told by what lies on their stacks. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime.h"

#define STACK_SCANNED ((uintptr_t)64 << 10)
#define PAGE ((uintptr_t)4096)
#define MOST_THREADS 100
#define LOOK_NS 5000000

static bool is_code(const fl_library *library, uintptr_t address) {
    for (int32_t i = 0; i < library->code_count; i++)
        if (address >= library->code[i].from && address < library->code[i].to) return true;
    return false;
}

/* A file of a thread, under /proc/self; false when the thread has ended. */
static bool read_file(const char *of, const char *name, char *text, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/%s", of, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t n = read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* In clock ticks since the machine's start; field 22 of stat, counted from behind the name. 0 if not known. */
static uint64_t started(const char *of) {
    char text[1024];
    if (!read_file(of, "stat", text, sizeof text)) return 0;
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

uint64_t fl_thread_started(void) { return started("thread-self"); }

/* memory: /proc/self/mem, since a thread that ends takes its stack away while we look at it. */
static bool scan(const fl_library *library, int memory, uintptr_t from) {
    uintptr_t words[PAGE / sizeof(uintptr_t)];
    uintptr_t at = from & ~(sizeof(uintptr_t) - 1);
    while (at < from + STACK_SCANNED) {
        size_t len = PAGE - at % PAGE;
        ssize_t n = pread(memory, words, len, (off_t)at);
        for (size_t i = 0; n > 0 && i < (size_t)n / sizeof *words; i++)
            if (is_code(library, words[i])) return true;
        if (n != (ssize_t)len) return false; /* the stack's end */
        at += len;
    }
    return false;
}

/* Is it inside, or could it be? One that is running tells nothing of itself; it is looked at again. */
static bool may_be_inside(const fl_library *library, int memory, const char *thread) {
    char text[256];
    if (!read_file(thread, "syscall", text, sizeof text)) return false;
    if (strncmp(text, "running", 7) == 0) return true;
    char *pc = strrchr(text, ' ');
    if (!pc) return false;
    *pc++ = '\0';
    const char *sp = strrchr(text, ' ');
    if (is_code(library, (uintptr_t)strtoull(pc, NULL, 16))) return true;
    return sp && scan(library, memory, (uintptr_t)strtoull(sp, NULL, 16));
}

/* Not those that are ours: no call is inside, but an unused slot of a frame, or a stack that was another thread's
 * before, may hold an old return address. Nor those that are older than the library, Node's: nobody told them of it. */
static int32_t count(const fl_library *library, int memory) {
    DIR *threads = opendir("/proc/self/task");
    if (!threads) return 0;
    int32_t looked_at = 0, inside = 0;
    for (const struct dirent *entry; looked_at < MOST_THREADS && (entry = readdir(threads));) {
        if (!isdigit((unsigned char)entry->d_name[0]) || fl_ours_has(atoi(entry->d_name))) continue;
        char thread[32];
        snprintf(thread, sizeof thread, "self/task/%.10s", entry->d_name);
        if (started(thread) < library->started) continue;
        looked_at++;
        inside += may_be_inside(library, memory, thread);
    }
    closedir(threads);
    return inside;
}

/* How many threads don't leave the library's code within wait_ms; 0 also where /proc doesn't tell. */
int32_t fl_threads_left(const fl_library *library, double wait_ms) {
    double deadline = fl_now_ms() + wait_ms;
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    if (memory < 0) return 0;
    int32_t left;
    while ((left = count(library, memory)) > 0 && fl_now_ms() < deadline)
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    close(memory);
    return left;
}
