/* The threads that are ours, by number: stacks.c passes over them. */
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime.h"

#define MOST 1024 /* one more than these is taken for a stranger, which delays an unload and does no harm */

static struct {
    pthread_mutex_t lock;
    pid_t numbers[MOST];
    size_t count;
} ours = {.lock = PTHREAD_MUTEX_INITIALIZER};

void fl_ours_add(void) {
    pthread_mutex_lock(&ours.lock);
    if (ours.count < MOST) ours.numbers[ours.count++] = (pid_t)syscall(SYS_gettid);
    pthread_mutex_unlock(&ours.lock);
}

void fl_ours_remove(void) {
    pid_t own = (pid_t)syscall(SYS_gettid);
    pthread_mutex_lock(&ours.lock);
    for (size_t i = 0; i < ours.count; i++)
        if (ours.numbers[i] == own) ours.numbers[i--] = ours.numbers[--ours.count];
    pthread_mutex_unlock(&ours.lock);
}

bool fl_ours_has(int32_t number) {
    pthread_mutex_lock(&ours.lock);
    bool found = false;
    for (size_t i = 0; i < ours.count && !found; i++) found = ours.numbers[i] == number;
    pthread_mutex_unlock(&ours.lock);
    return found;
}
