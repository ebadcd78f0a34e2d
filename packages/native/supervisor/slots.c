/* Which process serves in each slot, and which takes its place: after its death, when it asks to be replaced, for an
 * upgrade. The old one serves until the new one does, so nobody is refused in between; were there none at all,
 * connections would wait in the listening sockets. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor.h"

/* Between two replacements of processes that can still serve. */
#define APART_MS 2000
/* For who leaves: ten seconds of grace, and then a little. */
#define LEAVE_MS 12000
/* How long a process may be silent; and one that may be damaged. */
#define SILENCE_MS 2000
#define DAMAGED_SILENCE_MS 1000
/* A damaged process that hasn't asked by then can't. */
#define SPEECHLESS_MS 150
/* A process that has served so long was well; after those that die younger the next ones start later and later. */
#define WELL_MS 500
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 1000
/* A Ctrl-C comes from the terminal, and again from who started us, as npm does. */
#define ECHO_MS 75
/* A process that dies so soon after it was told to reload may not have done it. */
#define RELOAD_MS 3000
/* For what libraries have forked: one that is killed has gone by then, unless the kernel holds it. */
#define STRAYS_MS 1000
#define NEVER INT64_MAX

typedef struct {
    worker *serving, *starting; /* NULL: none */
    int64_t due;                /* when to start one; NEVER */
    enum kind kind;             /* of that one */
    int64_t pause;              /* before the next try */
    bool reload;                /* what the one before was told to */
} slot;

static slot slots[SLOTS_MAX];
static int64_t last_replaced = -APART_MS;
static int64_t last_reload = -RELOAD_MS;
static bool announced; /* all have served at a time */
static bool ending;
static int64_t ended_at;
static int64_t strays_until = NEVER; /* the last process has ended */
static int exit_status;
static int upgrading; /* slots that still wait for theirs */

/* Who is starting will do, but for an upgrade: it may have begun with the files before, and comes after it. */
static void plan(slot *slot, int64_t due, enum kind kind) {
    if (ending || due >= slot->due || (slot->starting && kind != UPGRADE)) return;
    slot->due = due;
    slot->kind = kind;
}

/* How long to wait before the next try; the first comes at once. */
static int64_t next_pause(slot *slot) {
    int64_t pause = slot->pause;
    slot->pause = pause == 0 ? PAUSE_MIN_MS : 2 * pause < PAUSE_MAX_MS ? 2 * pause : PAUSE_MAX_MS;
    return pause;
}

/* For `flexilib upgrade`, which waits for it. */
static void conclude_upgrade(const char *outcome) {
    if (upgrading == 0) return;
    upgrading = 0;
    if (given.directory) write_file(given.directory, "upgrade", outcome);
}

void slots_begin(void) {
    for (int i = 0; i < given.workers; i++) slots[i] = (slot){.due = now(), .kind = FIRST};
}

void slots_ready(worker *worker) {
    if (worker->state != STARTING) return;
    slot *slot = &slots[worker->slot];
    int64_t took = now() - worker->since;
    worker->state = SERVING;
    worker->since = now();
    worker->silence = SILENCE_MS;
    struct worker *old = slot->serving;
    slot->serving = worker;
    slot->starting = NULL;
    if (slot->reload) worker_tell(worker, 'h');
    slot->reload = false;
    if (old) {
        worker_leave(old, 'd', LEAVE_MS); /* before anybody is told that the new one serves */
        say(INFO, "process %d serves, after %d ms; process %d finishes what it has", worker->pid, (int)took, old->pid);
    } else if (announced) {
        say(INFO, "process %d serves, after %d ms", worker->pid, (int)took);
    }
    bool upgraded = worker->kind == UPGRADE && !(slot->due != NEVER && slot->kind == UPGRADE); /* else once more */
    if (upgraded && upgrading == 1) conclude_upgrade("ok\n");
    else if (upgraded && upgrading > 1) upgrading--;
    for (int i = 0; i < given.workers; i++)
        if (!slots[i].serving) return;
    if (announced) return;
    announced = true;
    say(INFO, "listening on %s", given.listening);
    fl_notify("READY=1");
}

/* It asks to be replaced, if it still can. */
void slots_damaged(worker *worker) {
    if (worker->state == STARTING) return;
    worker->silence = DAMAGED_SILENCE_MS;
    worker->damaged = now();
}

void slots_suspect(worker *worker, const char *why) {
    slot *slot = &slots[worker->slot];
    worker->damaged = 0;
    if (worker->state != SERVING || slot->starting || slot->due != NEVER || ending) return;
    say(WARNING, "process %d is replaced: %s", worker->pid, why);
    int64_t due = last_replaced + APART_MS;
    plan(slot, due > now() ? due : now(), SUCCESSOR);
}

static void tell_end(const worker *worker, int status) {
    const char *next = ending ? "" : "; another takes its place";
    if (WIFSIGNALED(status) && !worker->killed)
        say(ERROR, "process %d was killed by signal %d (%s)%s", worker->pid, WTERMSIG(status),
            strsignal(WTERMSIG(status)), next);
    else if (WIFEXITED(status) && !ending)
        say(ERROR, "process %d ended by itself, with exit status %d%s", worker->pid, WEXITSTATUS(status), next);
}

void slots_ended(const worker *ended, int status) {
    slot *slot = &slots[ended->slot];
    bool was_serving = slot->serving && slot->serving->pid == ended->pid;
    bool was_starting = slot->starting && slot->starting->pid == ended->pid;
    if (was_serving) slot->serving = NULL;
    if (was_serving && now() - last_reload < RELOAD_MS) slot->reload = true;
    if (was_starting) slot->starting = NULL;
    if (ended->state == LEAVING) {
        if (WIFSIGNALED(status) && !ended->killed) tell_end(ended, status);
        return;
    }
    if (ending) return;
    if (!announced && was_starting && ended->kind == FIRST) { /* it has said why */
        exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        if (WIFSIGNALED(status)) tell_end(ended, status);
        slots_end(SIGTERM);
    } else if (was_starting && ended->kind == UPGRADE) {
        say(ERROR, "the upgrade failed, process %d could not start; the processes before it go on", ended->pid);
        conclude_upgrade("failed\n");
        if (!slot->serving) plan(slot, now(), SUCCESSOR);
    } else {
        tell_end(ended, status);
        if (was_serving && now() - ended->since >= WELL_MS) slot->pause = 0;
        plan(slot, now() + next_pause(slot), SUCCESSOR);
    }
}

void slots_reload(void) {
    last_reload = now();
    for (worker *worker = workers; worker < workers + WORKERS_MAX; worker++)
        if (worker->state != GONE) worker_tell(worker, 'h');
    for (int i = 0; i < given.workers; i++) slots[i].reload |= !slots[i].serving;
}

/* The files on disk anew: another Node, another FlexiLib, the configuration. */
void slots_upgrade(void) {
    if (!announced || ending) return;
    say(INFO, "upgrade: starting the installed files");
    upgrading = given.workers;
    for (int i = 0; i < given.workers; i++) {
        slots[i].due = NEVER;
        plan(&slots[i], now(), UPGRADE);
    }
}

void slots_end(int signal) {
    if (ending) { /* once more */
        if (now() - ended_at < ECHO_MS) return;
        exit_status = 128 + signal;
        for (worker *worker = workers; worker < workers + WORKERS_MAX; worker++) {
            worker->killed = true; /* nothing to tell of */
            if (worker->state != GONE) kill(worker->pid, SIGKILL);
        }
        return;
    }
    if (announced)
        say(INFO, "%s: finishing the requests in flight; once more exits at once", signal == SIGINT ? "SIGINT" : "SIGTERM");
    ended_at = now();
    ending = true;
    fl_notify("STOPPING=1");
    /* The processes have them until they have accepted what waits there. */
    for (int i = 0; i < given.listener_count; i++) close(given.listeners[i]);
    given.listener_count = 0;
    for (int i = 0; i < given.workers; i++) slots[i].due = NEVER;
    for (worker *worker = workers; worker < workers + WORKERS_MAX; worker++) {
        if (worker->state == SERVING || worker->state == LEAVING) worker_leave(worker, 't', LEAVE_MS);
        if (worker->state == STARTING) kill(worker->pid, SIGKILL);
    }
}

static void start_due(slot *slot, int64_t at) {
    if (slot->due > at || slot->starting) return;
    if (slot->kind == SUCCESSOR && slot->serving && at < last_replaced + APART_MS) {
        slot->due = last_replaced + APART_MS; /* another was replaced meanwhile */
        return;
    }
    slot->due = NEVER;
    slot->starting = worker_start((int)(slot - slots), slot->kind);
    if (slot->serving) last_replaced = at;
    if (slot->starting) return;
    say(ERROR, "no process can be started now: the system has no room for it");
    plan(slot, at + PAUSE_MAX_MS, slot->kind);
}

void slots_tick(void) {
    int64_t at = now();
    bool any = false;
    for (int i = 0; i < given.workers; i++) start_due(&slots[i], at);
    for (worker *worker = workers; worker < workers + WORKERS_MAX; worker++) {
        if (worker->state == GONE) continue;
        any = true;
        if (worker->damaged && at - worker->damaged >= SPEECHLESS_MS) {
            worker->damaged = 0;
            slots_suspect(worker, "a library crashed in it, and its loop hangs");
        }
        if (worker->leave && at >= worker->leave) worker_kill(worker, "did not leave in time");
        else if (at - worker->beat <= worker->silence)
            continue;
        else if (worker_is_traced(worker))
            worker->beat = at; /* it isn't silent, it is looked at */
        else
            worker_kill(worker, worker->channel < 0 ? "closed its channel" : "does not answer");
    }
    if (!ending || any) return;
    if (strays_until == NEVER) strays_until = at + STRAYS_MS;
    if (kill_strays() && at < strays_until) return;
    if (given.directory) remove_directory(given.directory);
    exit(exit_status);
}

int64_t slots_next(void) {
    int64_t next = strays_until;
    for (int i = 0; i < given.workers; i++)
        if (!slots[i].starting && slots[i].due < next) next = slots[i].due;
    for (const worker *worker = workers; worker < workers + WORKERS_MAX; worker++) {
        if (worker->state == GONE || worker->killed) continue;
        if (worker->leave && worker->leave < next) next = worker->leave;
        if (worker->damaged && worker->damaged + SPEECHLESS_MS < next) next = worker->damaged + SPEECHLESS_MS;
        if (worker->beat + worker->silence < next) next = worker->beat + worker->silence + 1;
    }
    return next;
}
