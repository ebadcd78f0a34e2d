/* What the guard adds to a call: nanoseconds of a call of an empty function by its address, of the same under the guard,
 * and under the guard with the loop's deadline, the median of rounds each. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "thread.h"

#define CALLS 2000000
#define ROUNDS 15

static void nothing(void *arg) { __asm__ volatile("" : : "r"(arg) : "memory"); }
static void (*volatile fn)(void *) = nothing;
int32_t fl_start(int32_t threads, size_t arena_reserve); /* of pool.c, for koffi */
static fl_fault fault;

static void plain(void) { fn(NULL); }
static void guarded(void) { fl_guard_run(fn, NULL, &fault); }
static void timed(void) {
    fl_watch(fl_thread_self(), 1e18);
    fl_guard_run(fn, NULL, &fault);
    fl_watch_end(fl_thread_self());
}

static int compare(const void *a, const void *b) { return *(const double *)a < *(const double *)b ? -1 : 1; }

static double median(void (*what)(void)) {
    double rounds[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        double begun = fl_now_ms();
        for (int j = 0; j < CALLS; j++) what();
        rounds[i] = (fl_now_ms() - begun) * 1e6 / CALLS;
    }
    qsort(rounds, ROUNDS, sizeof *rounds, compare);
    return rounds[ROUNDS / 2];
}

int main(void) {
    if (fl_start(1, 8192) < 0) return 1;
    double base = median(plain);
    printf("{\"plain\": %.1f, \"guarded\": %.1f, \"timed\": %.1f}\n", base, median(guarded) - base, median(timed) - base);
    return 0;
}
