/* One request, and the status line of its answer. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../runtime/address.h"
#include "health.h"

static const char request[] = "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static bool wait_for(int fd, short events, int64_t until) {
    for (;;) {
        int64_t left = until - now();
        int ready = left <= 0 ? 0 : poll(&(struct pollfd){.fd = fd, .events = events}, 1, (int)left);
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) errno = ETIMEDOUT;
        return ready > 0;
    }
}

/* «1.2.3.4:567», «[::1]:567», «unix:/path», as the server writes it, with http:// before it or not. 0: none of them. */
static socklen_t read_text(const char *text, union address *address) {
    char host[128];
    if (strncmp(text, "http://", 7) == 0) text += 7;
    if (strncmp(text, "unix:/", 6) == 0) return fl_read_address(text + 5, 0, address);
    const char *colon = strrchr(text, ':');
    if (!colon || text[0] == '/' || colon - text >= (int)sizeof host) return 0;
    char *end;
    long port = strtol(colon + 1, &end, 10);
    if (colon[1] < '0' || colon[1] > '9' || port < 1 || port > 65535 || (*end && strcmp(end, "/") != 0)) return 0;
    bool bracketed = text[0] == '[' && colon[-1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(colon - text) - 2 * bracketed, text + bracketed);
    return bracketed != !!strchr(host, ':') ? 0 : fl_read_address(host, (int32_t)port, address);
}

/* Gives the connection, or -1 and errno. The kernel takes 0.0.0.0 and [::] for this machine. */
static int reach(const union address *address, socklen_t size, int64_t until) {
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    int error = connect(fd, &address->any, size) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        socklen_t len = sizeof error;
        if (!wait_for(fd, POLLOUT, until)) error = errno;
        else getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    }
    if (error == 0) return fd;
    close(fd);
    errno = error;
    return -1;
}

/* Of a line that is complete: HTTP/1.1 SP 3DIGIT (RFC 9112 4); 0: it is none. */
static int parse_status(const char *line) {
    if (strncmp(line, "HTTP/1.", 7) != 0 || !strchr("01", line[7]) || line[8] != ' ') return 0;
    char *end;
    long status = strtol(line + 9, &end, 10);
    return end == line + 12 && status >= 100 && strchr(" \r", *end) ? (int)status : 0;
}

/* Gives the status of a complete status line of HTTP/1.1; 0: it is none; -1: nothing came, and errno, 0 at the end. */
static int read_status(int fd, int64_t until) {
    char text[512];
    size_t len = 0;
    while (len < sizeof text - 1) {
        if (!wait_for(fd, POLLIN, until)) return -1;
        ssize_t got = recv(fd, text + len, sizeof text - 1 - len, 0);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got == 0) errno = 0;
        if (got <= 0) return -1;
        len += (size_t)got;
        text[len] = '\0';
        if (!strstr(text, "\r\n")) continue;
        return parse_status(text);
    }
    return 0;
}

bool ask(const char *text, int64_t until) {
    union address address;
    int64_t began = now();
    socklen_t size = read_text(text, &address);
    if (size == 0) return fail("%s is no numeric address; it is like 127.0.0.1:8069, [::1]:8069 or unix:/run/a.sock", text);
    int fd = reach(&address, size, until);
    if (fd < 0 && errno == ETIMEDOUT) return fail("%s: it can't be reached, and doesn't refuse", text);
    if (fd < 0) return fail("%s: %s", text, strerror(errno));
    bool sent = send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)(sizeof request - 1);
    int status = sent ? read_status(fd, until) : -1;
    int error = errno;
    close(fd);
    if (status < 0 && error == ETIMEDOUT) return fail("%s: no answer within %lld ms", text, (long long)(now() - began));
    if (status < 0) return fail("%s: no answer: %s", text, error ? strerror(error) : "the connection was closed");
    if (status == 0) return fail("%s: what answers there doesn't speak HTTP/1.1", text);
    if (status >= 500) return fail("%s: it answers with status %d", text, status);
    printf("%s answers\n", text);
    return true;
}
