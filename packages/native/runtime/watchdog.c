/* The watchdog: a thread that looks after the loop's. It stops a call on the loop that is past its deadline, and ends the
 * process when its supervisor is gone and the loop doesn't notice. */
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "thread.h"

/* How late a deadline may be noticed. */
#define TICK_MS 20
/* Without a call on the loop for so many ticks it sleeps. */
#define IDLE_TICKS 50
#define BEAT_MS 400
/* The loop has so long to end the process itself. */
#define ORPHAN_MS 900

static struct {
    fl_thread *loop;
    pthread_t loop_thread;
    int wake;                  /* an eventfd */
    _Atomic int supervisor;    /* the channel to it; -1 */
    _Atomic bool sleeping, stopping;
    pthread_t thread;
} dog = {.supervisor = -1};

/* The loop begins a call that must have ended at deadline_ms. */
void fl_watch(fl_thread *loop, double deadline_ms) {
    atomic_store_explicit(&loop->until, deadline_ms, memory_order_seq_cst);
    if (atomic_load_explicit(&dog.sleeping, memory_order_seq_cst)) eventfd_write(dog.wake, 1);
}

void fl_watch_end(fl_thread *loop) { atomic_store_explicit(&loop->until, 0, memory_order_relaxed); }

/* One byte, for which nobody waits: x damage, b the loop is in a call that may go on. What is said in ../supervisor. */
static void tell_supervisor(char what) {
    int supervisor = atomic_load(&dog.supervisor);
    if (supervisor >= 0) send(supervisor, &what, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* A call is left where it is. It may hold the lock of malloc(3), and then the loop hangs before it can tell anyone.
 * Called by a signal handler. */
void fl_watch_damage(void) { tell_supervisor('x'); }

/* A loop that is in a call can't say that it is well. */
static void beat_for_loop(void) {
    static double last;
    double at = fl_now_ms();
    if (at - last < BEAT_MS || at >= atomic_load_explicit(&dog.loop->until, memory_order_relaxed)) return;
    tell_supervisor('b');
    last = at;
}

static void stop_late_call(void) {
    double until = atomic_load_explicit(&dog.loop->until, memory_order_relaxed);
    if (until <= 0 || fl_now_ms() < until) return;
    fl_guard_arm_deadline(); /* a library may have taken the signal for itself */
    pthread_kill(dog.loop_thread, FL_DEADLINE_SIGNAL);
}

static void *watch(void *arg) {
    (void)arg;
    pthread_setname_np(pthread_self(), "watchdog");
    fl_thread_hurry();
    double orphaned = 0;
    for (int idle = 0; !atomic_load(&dog.stopping);) {
        bool sleeping = idle >= IDLE_TICKS;
        if (sleeping) {
            atomic_store_explicit(&dog.sleeping, true, memory_order_seq_cst);
            if (atomic_load_explicit(&dog.loop->until, memory_order_seq_cst) > 0) sleeping = false;
        }
        struct pollfd fds[] = {{.fd = dog.wake, .events = POLLIN},
                               {.fd = orphaned ? -1 : atomic_load(&dog.supervisor)}}; /* only its end is of interest */
        int ready = poll(fds, 2, sleeping && !orphaned ? -1 : TICK_MS);
        atomic_store_explicit(&dog.sleeping, false, memory_order_relaxed);
        eventfd_t ignored;
        if (ready > 0 && fds[0].revents) eventfd_read(dog.wake, &ignored);
        if (ready > 0 && fds[1].revents) orphaned = fl_now_ms();
        if (orphaned && fl_now_ms() - orphaned > ORPHAN_MS) _exit(1);
        stop_late_call();
        beat_for_loop();
        bool busy = atomic_load_explicit(&dog.loop->until, memory_order_relaxed) > 0 || (ready > 0 && fds[0].revents);
        idle = busy ? 0 : idle + 1;
    }
    return NULL;
}

/* On the loop's thread. */
bool fl_watchdog_start(void) {
    dog.loop = fl_thread_self();
    dog.loop_thread = pthread_self();
    dog.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return dog.wake >= 0 && fl_thread_start(watch, NULL, &dog.thread);
}

void fl_watchdog_stop(void) {
    atomic_store(&dog.stopping, true);
    eventfd_write(dog.wake, 1);
    pthread_join(dog.thread, NULL);
    close(dog.wake);
}

/* The process ends with the other end of this socket. */
FL_EXPORT void fl_watch_supervisor(int32_t fd) {
    atomic_store(&dog.supervisor, fd);
    eventfd_write(dog.wake, 1);
}
