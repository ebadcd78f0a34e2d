/* origin PORT: what stands behind the proxies. An epoll loop that writes one of a few ready answers for each request, and
 * keeps connections: as little as a server can cost, so that the proxy is what is measured. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, BUFFER = 1 << 16, DESCRIPTORS = 1 << 16 };

/* Nine fields, the length among them: what an application says beside its answer. */
#define FIELDS                                                                                                     \
    "date: Thu, 26 Nov 2026 12:00:00 GMT\r\ncache-control: private, max-age=0, must-revalidate\r\n"                \
    "etag: \"5f2b1c-1a4\"\r\nlast-modified: Thu, 26 Nov 2026 11:00:00 GMT\r\nvary: accept-encoding, cookie\r\n"    \
    "x-request-id: 7d4c1f0e-53c2-4b62-9f0b-6b1b5a0c8c11\r\nset-cookie: session=8f14e45fceea167a; path=/; httponly\r\n"

static struct answer {
    const char *target, *fields;
    size_t body, length;
    char *bytes;
} answers[] = {
    {.target = "/x ", .fields = "", .body = 12},
    {.target = "/fields ", .fields = FIELDS, .body = 12},
    {.target = "/16k ", .fields = "", .body = 16 << 10},
    {.target = "/1m ", .fields = "", .body = 1 << 20},
};
enum { ANSWERS = sizeof answers / sizeof *answers };

/* Of a connection: what it hasn't taken yet of its answer, and how much of a head has come. */
static struct connection {
    const char *at;
    size_t left, kept;
    char *head;
} connections[DESCRIPTORS];
static char in[BUFFER];
static int epoll;

static void prepare(void) {
    for (int i = 0; i < ANSWERS; i++) {
        struct answer *it = &answers[i];
        it->bytes = malloc(it->body + 1024);
        int head = sprintf(it->bytes, "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n%scontent-length: %zu\r\n\r\n",
                           it->fields, it->body);
        memset(it->bytes + head, 'x', it->body);
        if (it->body == 12) memcpy(it->bytes + head, "exec says /x", 12);
        it->length = head + it->body;
    }
}

static void leave(int fd) {
    connections[fd].left = connections[fd].kept = 0;
    close(fd);
}

static void want(int fd, unsigned events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

/* Whether all of it went, or the rest waits for the reader. */
static int send_rest(int fd, int waited) {
    struct connection *it = &connections[fd];
    while (it->left > 0) {
        ssize_t sent = write(fd, it->at, it->left);
        if (sent < 0 && errno == EAGAIN) {
            if (!waited) want(fd, EPOLLOUT);
            return 0;
        }
        if (sent < 0) return leave(fd), 0;
        it->at += sent;
        it->left -= sent;
    }
    if (waited) want(fd, EPOLLIN);
    return 1;
}

/* A proxy asks for one thing at a time on a connection. */
static void serve(int fd) {
    struct connection *it = &connections[fd];
    if (it->kept) memcpy(in, it->head, it->kept);
    ssize_t got = read(fd, in + it->kept, sizeof in - it->kept);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return leave(fd);
    size_t length = it->kept + got;
    it->kept = 0;
    if (length < 4 || memcmp(in + length - 4, "\r\n\r\n", 4) != 0) {
        if (!it->head) it->head = malloc(BUFFER);
        memcpy(it->head, in, length);
        it->kept = length;
        return;
    }
    const char *target = memchr(in, ' ', length);
    for (int i = 0; target && i < ANSWERS; i++) {
        if (strncmp(target + 1, answers[i].target, strlen(answers[i].target)) != 0) continue;
        it->at = answers[i].bytes;
        it->left = answers[i].length;
        send_rest(fd, 0);
        return;
    }
    leave(fd);
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    prepare();
    signal(SIGPIPE, SIG_IGN);
    int one = 1;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return perror("listen"), 1;
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);

    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd != listener) {
                if (connections[fd].left) send_rest(fd, 1);
                else serve(fd);
                continue;
            }
            for (int made; (made = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
                setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                event.data.fd = made;
                epoll_ctl(epoll, EPOLL_CTL_ADD, made, &event);
            }
        }
    }
}
