// readers PORT COUNT TARGET: so many clients that ask for the target and read nothing. Segments and buffers are small, so
// that the kernel takes next to nothing of the answers. One line of standard output for each that was cut: after how
// many milliseconds; «all» when all are there. Another takes its place.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define COUNT_MAX 4096
static struct pollfd clients[COUNT_MAX];
static double since[COUNT_MAX], sent[COUNT_MAX];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void begin(int i, int port, const char *target) {
  char request[256];
  int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0), segment = 536, buffer = 4096;
  setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 || write(fd, request, (size_t)length) != length) exit(1);
  clients[i] = (struct pollfd){.fd = fd};
  since[i] = sent[i] = now();
}

int main(int argc, char **argv) {
  int port = atoi(argv[1]), count = atoi(argv[2]);
  if (argc != 4 || count > COUNT_MAX) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 0; i < count; i++) {
    begin(i, port, argv[3]);
    if (i % 10 == 9) usleep(10000); // not all at the same moment
  }
  puts("all");
  for (;;) {
    poll(clients, (nfds_t)count, 20);
    for (int i = 0; i < count; i++) {
      if (now() - sent[i] > 300) {
        sent[i] = now();
        send(clients[i].fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
      }
      if (!clients[i].revents) continue;
      printf("%.0f\n", now() - since[i]);
      close(clients[i].fd);
      begin(i, port, argv[3]);
    }
  }
}
