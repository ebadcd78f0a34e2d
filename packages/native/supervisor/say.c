/* Lines on standard error, never waiting for it: a log that nobody reads must not stop the supervisor. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor.h"

static int log_fd = STDERR_FILENO;
static bool colour;

/* A description of our own of the pipe or terminal that standard error is, since O_NONBLOCK on the shared one would be
 * everybody's. Files don't block, and have an offset to be shared; sockets can't be opened, but be sent to without waiting. */
void say_open(void) {
    struct stat stat;
    bool blocks = fstat(STDERR_FILENO, &stat) == 0 && (S_ISFIFO(stat.st_mode) || S_ISCHR(stat.st_mode));
    int own = blocks ? open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY) : -1;
    if (own >= 0) log_fd = own;
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    colour = isatty(STDERR_FILENO) && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

void say(enum level level, const char *format, ...) {
    static const char *const plain[] = {"", "warning: ", "error: "};
    static const char *const painted[] = {"", "\x1b[1;33mwarning: \x1b[0m", "\x1b[1;31merror: \x1b[0m"};
    char line[1024];
    int at = snprintf(line, sizeof line, "%s", (colour ? painted : plain)[level]);
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line + at, sizeof line - (size_t)at - 1, format, arguments);
    va_end(arguments);
    at += len < (int)sizeof line - at - 1 ? len : (int)sizeof line - at - 2;
    line[at++] = '\n';
    if (send(log_fd, line, (size_t)at, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == ENOTSOCK)
        (void)!write(log_fd, line, (size_t)at);
}
