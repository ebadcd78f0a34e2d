/* Addresses of sockets as text, for the runtime and for flexilib-health. */
#ifndef FLEXILIB_ADDRESS_H
#define FLEXILIB_ADDRESS_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un un;
};

socklen_t fl_read_address(const char *host, int32_t port, union address *address);
void fl_write_address(const struct sockaddr_storage *address, char *text, size_t size);

#endif
