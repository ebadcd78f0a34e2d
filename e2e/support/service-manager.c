/* What systemd does for a service with a socket unit and Type=notify: sd_listen_fds(3), sd_notify(3).
 * service-manager DIR COMMAND...: says what the service tells; ends it when standard input ends. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void hear(int notify, int flags) {
    char text[128];
    for (ssize_t len; (len = recv(notify, text, sizeof text - 1, flags)) > 0; flags = MSG_DONTWAIT) {
        text[len] = '\0';
        fprintf(stderr, "%s\n", text);
    }
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&in, sizeof in);
    listen(listener, 100);
    getsockname(listener, (struct sockaddr *)&in, &(socklen_t){sizeof in});
    fprintf(stderr, "port %d\n", ntohs(in.sin_port));

    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(un.sun_path, sizeof un.sun_path, "%s/notify", argv[1]);
    int notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bind(notify, (struct sockaddr *)&un, sizeof un);

    pid_t service = fork();
    if (service == 0) {
        char pid[16];
        snprintf(pid, sizeof pid, "%d", getpid());
        if (listener != 3) dup2(listener, 3);
        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", "1", 1);
        setenv("NOTIFY_SOCKET", un.sun_path, 1);
        execv(argv[2], argv + 2);
        _exit(127);
    }
    close(listener);
    hear(notify, 0);
    while (getchar() != EOF) continue;
    kill(service, SIGTERM);
    int status;
    waitpid(service, &status, 0);
    hear(notify, MSG_DONTWAIT);
    fprintf(stderr, "exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return 0;
}
