/* The supervisor: holds the listening sockets and the serving processes, and nothing else. It parses no configuration,
 * loads no library and logs no request, so that nothing that they do can end it. One thread, no allocation. */
#ifndef FLEXILIB_SUPERVISOR_H
#define FLEXILIB_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../runtime/notify.h"

#define SLOTS_MAX 64
#define WORKERS_MAX (8 * SLOTS_MAX) /* those that leave count too */
#define LISTENERS_MAX 16

/* What it was started with. */
typedef struct {
    char **command; /* of a serving process */
    int workers;
    int listeners[LISTENERS_MAX];
    int listener_count;
    const char *listening; /* what to say when it serves */
    const char *directory; /* to be removed at the end; NULL: none */
} options;

/* Why a process is started; it decides which configuration it reads. */
enum kind { FIRST, SUCCESSOR, UPGRADE };

enum state { GONE, STARTING, SERVING, LEAVING };

/* A serving process. Times are milliseconds of now(). */
typedef struct worker {
    enum state state;
    enum kind kind;
    pid_t pid;
    int channel; /* its end is in the process; both ends tell of the other's death */
    int slot;
    int64_t since;   /* in this state */
    int64_t beat;    /* last heard of */
    int64_t silence; /* how long it may be silent */
    int64_t damaged; /* when a fault was contained in it that it hasn't told of; 0: none */
    int64_t leave;   /* when it must have left; 0: it needn't */
    bool killed;     /* by us */
} worker;

extern options given;

int64_t now(void);

/* workers.c: processes */
extern worker workers[WORKERS_MAX];
worker *worker_start(int slot, enum kind kind);
void worker_tell(worker *worker, char command);
void worker_leave(worker *worker, char command, int64_t within);
void worker_kill(worker *worker, const char *why);
bool worker_is_traced(const worker *worker);
void workers_reap(void);
void workers_pardon(void);
void workers_hear(worker *worker);

/* slots.c: which process serves, and which takes its place */
void slots_begin(void);
void slots_ready(worker *worker);
void slots_damaged(worker *worker);
void slots_suspect(worker *worker, const char *why);
void slots_ended(const worker *worker, int status);
void slots_reload(void);
void slots_upgrade(void);
void slots_end(int signal);
void slots_tick(void);
int64_t slots_next(void); /* when to tick again, at the latest */

/* say.c: standard error */
enum level { INFO, WARNING, ERROR };
void say_open(void);
void say(enum level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* tidy.c */
void spare_children(void);
bool kill_strays(void);
void write_file(const char *directory, const char *name, const char *text);
void remove_directory(const char *path);

#endif
