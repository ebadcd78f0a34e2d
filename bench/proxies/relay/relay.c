/* relay PORT UPSTREAM: as little as a proxy can do. Each client has an upstream connection of its own, and bytes go from
 * one to the other unread: two reads and two writes a request, which no proxy is without. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
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

/* Of a socket: its other end, and what it hasn't taken yet of what that one sent. */
static struct end {
    int other;
    char *bytes;
    size_t at, left;
} ends[DESCRIPTORS];
static char buffer[BUFFER];
static int epoll;
static struct sockaddr_in upstream = {.sin_family = AF_INET};

static void control(int what, int fd, unsigned events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(epoll, what, fd, &event);
}

/* Neither of them may be in a later event of the same batch: their numbers are given up only after it. */
static int leaving[2 * EVENTS], leavers;

static void leave(int fd) {
    for (int one = fd, i = 0; i < 2; i++, one = ends[fd].other) {
        if (ends[one].other < 0) continue;
        shutdown(one, SHUT_RDWR);
        control(EPOLL_CTL_DEL, one, 0);
        leaving[leavers++] = one;
    }
    int other = ends[fd].other;
    if (other >= 0) ends[fd].other = ends[other].other = -1;
}

static void begin(int client) {
    int one = 1, server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&upstream, sizeof upstream)) {
        close(server);
        close(client);
        return;
    }
    fcntl(server, F_SETFL, O_NONBLOCK);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ends[client].other = server;
    ends[server].other = client;
    ends[client].left = ends[server].left = 0;
    control(EPOLL_CTL_ADD, client, EPOLLIN);
    control(EPOLL_CTL_ADD, server, EPOLLIN);
}

/* What it is ready for: to be read when its other end has taken everything, to be written when it hasn't itself. */
static void update(int fd) {
    control(EPOLL_CTL_MOD, fd, (ends[ends[fd].other].left ? 0 : EPOLLIN) | (ends[fd].left ? EPOLLOUT : 0));
}

static void relay(int from) {
    int fd = ends[from].other;
    struct end *to = &ends[fd];
    if (to->left) return leave(from); /* it has gone: nobody asked whether it can be read */
    ssize_t got = read(from, buffer, sizeof buffer);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return leave(from);
    ssize_t sent = write(fd, buffer, got);
    if (sent < 0 && errno != EAGAIN) return leave(from);
    if (sent < 0) sent = 0;
    if (sent == got) return;
    if (!to->bytes) to->bytes = malloc(BUFFER);
    memcpy(to->bytes, buffer + sent, to->left = got - sent);
    to->at = 0;
    update(from);
    update(fd);
}

static void send_rest(int fd) {
    struct end *it = &ends[fd];
    ssize_t sent = write(fd, it->bytes + it->at, it->left);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) return leave(fd);
    it->at += sent;
    it->left -= sent;
    if (it->left > 0) return;
    update(it->other);
    update(fd);
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < DESCRIPTORS; i++) ends[i].other = -1;
    int one = 1;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    upstream.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    upstream.sin_port = htons(atoi(arguments[2]));
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = upstream;
    address.sin_port = htons(atoi(arguments[1]));
    struct epoll_event events[EVENTS];
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return perror("listen"), 1;
    control(EPOLL_CTL_ADD, listener, EPOLLIN);

    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener)
                for (int made; (made = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) begin(made);
            else {
                if (ends[fd].other >= 0 && ends[fd].left && events[i].events & EPOLLOUT) send_rest(fd);
                if (ends[fd].other >= 0 && events[i].events & ~EPOLLOUT) relay(fd);
            }
        }
        while (leavers > 0) close(leaving[--leavers]);
    }
}
