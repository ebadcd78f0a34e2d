/* bare-c PORT LIBRARY: as little as a server can do and still call the executor. An epoll loop, one read and one
 * write a batch of requests; no header is looked at but Content-Length, no error is answered. What it costs is
 * what the kernel and the call cost. */
#define _GNU_SOURCE
#include "flexilib.h"

#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, BUFFER = 1 << 16 };

static flexilib_response *(*call)(flexilib_request *);
static char in[BUFFER], out[2 * BUFFER];

/* What came of a request that isn't whole yet, by descriptor. A page that nobody needed is never made. */
enum { DESCRIPTORS = 1 << 16, REST = 8192 };
static size_t rest_len[DESCRIPTORS];
static char rest[DESCRIPTORS][REST];

/* Answers one request; returns its length, or 0 when it isn't whole. */
static size_t answer(char *at, size_t len, size_t *out_len) {
    char *end = memmem(at, len, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = end + 4 - at;
    *end = 0;
    char *length = *at == 'P' ? strcasestr(at, "\r\ncontent-length:") : NULL;
    size_t content = length ? strtoul(length + 17, NULL, 10) : 0;
    *end = '\r';
    if (head + content > len) return 0;

    flexilib_request request = {.method = at, .content = at + head, .content_len = content};
    char *space = memchr(at, ' ', head);
    request.method_len = space - at;
    request.target = space + 1;
    request.target_len = (char *)memchr(space + 1, ' ', end - space) - space - 1;
    flexilib_response *response = call(&request);
    if (*out_len + response->len + 256 > sizeof out) return 0;
    *out_len += sprintf(out + *out_len,
                        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %zu\r\n\r\n", response->len);
    memcpy(out + *out_len, response->ptr, response->len);
    *out_len += response->len;
    return head + content;
}

static void serve(int fd) {
    size_t kept = rest_len[fd], out_len = 0, at = 0, used;
    if (kept) memcpy(in, rest[fd], kept);
    ssize_t got = read(fd, in + kept, sizeof in - kept);
    rest_len[fd] = 0;
    if (got <= 0) {
        close(fd);
        return;
    }
    size_t len = kept + got;
    while (at < len && (used = answer(in + at, len - at, &out_len))) at += used;
    if (at < len && len - at <= REST) {
        rest_len[fd] = len - at;
        memcpy(rest[fd], in + at, len - at);
    }
    if (out_len && write(fd, out, out_len) < 0) close(fd);
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    void *library = dlopen(arguments[2], RTLD_NOW | RTLD_LOCAL);
    if (!library || !(call = dlsym(library, "handle_request"))) return fputs(dlerror(), stderr), 1;

    int one = 1, epoll = epoll_create1(EPOLL_CLOEXEC);
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
            if (events[i].data.fd != listener) {
                serve(events[i].data.fd);
                continue;
            }
            for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                event.data.fd = fd;
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
            }
        }
    }
}
