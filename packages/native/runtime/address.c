#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Reads a numeric address, IPv4 or IPv6, or the path of a Unix socket. Gives its size; 0: it is none of them. */
socklen_t fl_read_address(const char *host, int32_t port, union address *address) {
    memset(address, 0, sizeof *address);
    if (host[0] == '/') {
        if (strlen(host) >= sizeof address->un.sun_path) return 0;
        address->un.sun_family = AF_UNIX;
        strcpy(address->un.sun_path, host);
        return sizeof address->un;
    }
    if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons((uint16_t)port);
        return sizeof address->v4;
    }
    if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) != 1) return 0;
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons((uint16_t)port);
    return sizeof address->v6;
}

/* Writes «1.2.3.4:567», «[::1]:567», or «unix:» and the path of a Unix socket, and a NUL; what is too long is cut. */
void fl_write_address(const struct sockaddr_storage *address, char *text, size_t size) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    char ip[INET6_ADDRSTRLEN] = "-";
    if (address->ss_family == AF_INET) inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof ip);
    if (address->ss_family == AF_INET6) inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof ip);
    if (address->ss_family == AF_UNIX) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)address;
        snprintf(text, size, "unix:%.*s", (int)strnlen(un->sun_path, sizeof un->sun_path), un->sun_path);
    } else {
        snprintf(text, size, address->ss_family == AF_INET6 ? "[%s]:%d" : "%s:%d", ip, ntohs(v4->sin_port));
    }
}
