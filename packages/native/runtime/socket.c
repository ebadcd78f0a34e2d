/* Sockets and epoll(7) for the loop, with errors as -errno and structs as plain numbers. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "runtime.h"

#define BATCH 256
#define PEER_MAX 64
/* A Unix socket has up to 108 bytes of path. */
#define ADDRESS_MAX 128

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
    union address address;
    socklen_t size = fl_read_address(host, port, &address);
    if (size == 0 || address.any.sa_family == AF_UNIX) return -EINVAL;
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, &address.any, size) != 0 || listen(fd, backlog) != 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

/* Prepares a listening socket that was bound by someone else. -EINVAL: it is no such socket. */
FL_EXPORT int32_t fl_adopt_listener(int32_t fd) {
    int listens = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &(socklen_t){sizeof listens}) != 0) return -errno;
    if (!listens) return -EINVAL;
    return fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? 0 : -errno;
}

/* Where a socket is bound, as fl_write_address has it. text: ADDRESS_MAX bytes. */
FL_EXPORT int32_t fl_address(int32_t fd, char *text) {
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0) return -errno;
    fl_write_address(&address, text, ADDRESS_MAX);
    return 0;
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

static int watch_connection(int epoll, int fd) {
    int error = control(epoll, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    if (error < 0) close(fd);
    return error < 0 ? error : fd;
}

/* Accepts a connection and watches it, edge-triggered. Writes «1.2.3.4:567» of at most 63 bytes, and its NUL. */
FL_EXPORT int32_t fl_accept(int32_t epoll, int32_t listener, char *peer) {
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    int fd = accept4(listener, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return -errno;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    fl_write_address(&address, peer, PEER_MAX);
    return watch_connection(epoll, fd);
}

/* Begins a connection to a numeric address or the path of a Unix socket, and watches it, edge-triggered: it is writable
 * when it is there. */
FL_EXPORT int32_t fl_connect(int32_t epoll, const char *host, int32_t port) {
    union address address;
    socklen_t size = fl_read_address(host, port, &address);
    if (size == 0) return -EINVAL;
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (address.any.sa_family != AF_UNIX) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(fd, &address.any, size) != 0 && errno != EINPROGRESS) {
        int error = errno;
        close(fd);
        return -error;
    }
    return watch_connection(epoll, fd);
}

/* Why a connection failed: SO_ERROR as a positive errno; 0: nothing is known. */
FL_EXPORT int32_t fl_socket_error(int32_t fd) {
    int error = 0;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error}) == 0 ? error : errno;
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
