/* Lines that libraries log, on their way to the loop, which writes them: a native thread never waits for stderr. */
#include <stdlib.h>
#include <string.h>

#include "thread.h"

#define LINE_MAX_BYTES ((size_t)4 << 10)
#define BACKLOG_MAX ((size_t)256 << 10) /* of lines and what they are kept in */

typedef struct line {
    struct line *next;
    int32_t library, level;
    size_t len;
    char text[];
} line;

static struct {
    pthread_mutex_t lock;
    line *first, *last;
    size_t bytes;
    int32_t dropped;
} lines = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Any thread. Copies the message; drops and counts it when the loop is far behind. library may be NULL. */
void fl_log(const fl_library *library, size_t level, const char *message, size_t len) {
    if (len > LINE_MAX_BYTES) len = LINE_MAX_BYTES;
    line *entry = malloc(sizeof *entry + len);
    if (!entry) return;
    *entry = (line){.library = library ? library->id : -1, .level = level > 3 ? 3 : (int32_t)level, .len = len};
    memcpy(entry->text, message, len);
    /* A deadline that ends the call here would leave the locks held; the watchdog tries again. */
    fl_thread *thread = fl_thread_self();
    int armed = thread ? thread->armed : UNARMED;
    if (thread) thread->armed = UNARMED;
    pthread_mutex_lock(&lines.lock);
    bool full = lines.bytes + sizeof *entry + len > BACKLOG_MAX;
    if (full) {
        lines.dropped++;
    } else {
        if (lines.first) lines.last->next = entry;
        else lines.first = entry;
        lines.last = entry;
        lines.bytes += sizeof *entry + len;
    }
    pthread_mutex_unlock(&lines.lock);
    if (full) free(entry);
    else fl_complete_log();
    if (thread) thread->armed = armed;
}

/* The oldest line into text (at least 4 KiB); about: library id or -1, level, lines dropped before it. Gives its
 * length, or -1 when there is none. On the loop. */
FL_EXPORT int32_t fl_log_take(char *text, int32_t *about) {
    pthread_mutex_lock(&lines.lock);
    line *entry = lines.first;
    if (entry) {
        lines.first = entry->next;
        lines.bytes -= sizeof *entry + entry->len;
        about[2] = lines.dropped;
        lines.dropped = 0;
    }
    pthread_mutex_unlock(&lines.lock);
    if (!entry) return -1;
    about[0] = entry->library;
    about[1] = entry->level;
    int32_t len = (int32_t)entry->len;
    memcpy(text, entry->text, entry->len);
    free(entry);
    return len;
}
