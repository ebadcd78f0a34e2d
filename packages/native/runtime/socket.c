/* Sockets and epoll(7) for the loop, with errors as -errno and structs as plain numbers. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime.h"

#define BATCH 256

/* Memory for the loop's buffers: zeroed, not yet backed by pages, and low, so that addresses in it are small integers
 * in V8. 0 when there is none. */
FL_EXPORT void *fl_area(size_t size) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
#ifdef MAP_32BIT
    void *low = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_32BIT, -1, 0);
    if (low != MAP_FAILED) return low;
#endif
    void *area = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    return area == MAP_FAILED ? NULL : area;
}

/* Gives the pages of page-aligned memory from fl_area back to the kernel; it reads as zeroes then. */
FL_EXPORT void fl_area_forget(char *from, size_t size) { madvise(from, size, MADV_DONTNEED); }

/* Listens on a numeric address, IPv4 or IPv6. Gives the descriptor. */
FL_EXPORT int32_t fl_listen(const char *host, int32_t port, int32_t backlog) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    bool is_v4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, host, &v6.sin6_addr) != 1) return -EINVAL;
    const struct sockaddr *address = is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, address, is_v4 ? sizeof v4 : sizeof v6) != 0 || listen(fd, backlog) != 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

FL_EXPORT int32_t fl_port(int32_t fd) {
    struct sockaddr_in6 address; /* the port is at the same place in both families */
    socklen_t len = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &len) == 0 ? ntohs(address.sin6_port) : -errno;
}

FL_EXPORT int32_t fl_epoll(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int control(int epoll, int operation, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(epoll, operation, fd, &event) == 0 ? 0 : -errno;
}

/* A listener is watched level-triggered, so that what isn't accepted now comes again. */
FL_EXPORT int32_t fl_watch_listener(int32_t epoll, int32_t fd) { return control(epoll, EPOLL_CTL_ADD, fd, EPOLLIN); }
FL_EXPORT int32_t fl_unwatch(int32_t epoll, int32_t fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0); }

/* Accepts a connection and watches it, edge-triggered. Writes «1.2.3.4:567» of at most 63 bytes, and its NUL. */
FL_EXPORT int32_t fl_accept(int32_t epoll, int32_t listener, char *peer) {
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    int fd = accept4(listener, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return -errno;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
    const void *ip = address.ss_family == AF_INET ? (const void *)&v4->sin_addr : (const void *)&v6->sin6_addr;
    char text[INET6_ADDRSTRLEN] = "-";
    inet_ntop(address.ss_family, ip, text, sizeof text);
    snprintf(peer, 64, "%s:%d", text, ntohs(v4->sin_port));
    int error = control(epoll, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    if (error < 0) close(fd);
    return error < 0 ? error : fd;
}

/* Writes up to max (256) pairs of descriptor and EPOLL* events that are there now, without waiting; gives their number. */
FL_EXPORT int32_t fl_poll(int32_t epoll, int32_t *pairs, int32_t max) {
    struct epoll_event events[BATCH];
    int n = epoll_wait(epoll, events, max < BATCH ? max : BATCH, 0);
    for (int i = 0; i < n; i++) {
        pairs[2 * i] = events[i].data.fd;
        pairs[2 * i + 1] = (int32_t)events[i].events;
    }
    return n < 0 ? -errno : n;
}

FL_EXPORT int32_t fl_recv(int32_t fd, void *to, int32_t len) {
    ssize_t n = recv(fd, to, (size_t)len, 0);
    return n < 0 ? -errno : (int32_t)n;
}

FL_EXPORT int32_t fl_send(int32_t fd, const void *from, size_t len) {
    ssize_t n = send(fd, from, len < INT32_MAX ? len : INT32_MAX, MSG_NOSIGNAL);
    return n < 0 ? -errno : (int32_t)n;
}

FL_EXPORT int32_t fl_end(int32_t fd) { return shutdown(fd, SHUT_WR) == 0 ? 0 : -errno; }
FL_EXPORT int32_t fl_close(int32_t fd) { return close(fd) == 0 ? 0 : -errno; }
