// What a library can change of the process that it is in, by path. Each call lasts a little, so that several of them
// at a time are on several threads.
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void change_everything(void) {
  static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], i < 4 ? SIG_IGN : SIG_DFL);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  chdir("/proc");
  setlocale(LC_ALL, "C.utf8");
  clearenv();
  umask(0777);
}

// The child's number is the answer. It stays; a daemon leaves the process group, the session and its parent, and the
// second one is another's child.
static long fork_off(int daemon) {
  int ends[2];
  long child = 0;
  if (pipe(ends) != 0) return 0;
  pid_t pid = fork();
  if (pid == 0 && daemon) {
    setsid();
    if (fork() != 0) _exit(0);
    if (daemon > 1 && fork() != 0)
      for (;;) sleep(1000);
    setsid();
  }
  if (pid == 0) {
    child = getpid();
    write(ends[1], &child, sizeof child);
    for (;;) sleep(1000);
  }
  close(ends[1]);
  read(ends[0], &child, sizeof child);
  close(ends[0]);
  if (daemon) waitpid(pid, NULL, 0);
  return child;
}

static int is(const flexilib_request *request, const char *path) {
  return request->target_len >= strlen(path) && !memcmp(request->target, path, strlen(path));
}

flexilib_response *handle_request(flexilib_request *request) {
  static _Thread_local char text[32];
  static _Thread_local flexilib_response response;
  strcpy(text, "fine");
  if (is(request, "/change")) {
    change_everything();
    usleep(50000);
  } else if (is(request, "/close/") && request->target_len <= 9) {
    close(atoi(request->target + 7)); // a blank follows
  } else if (is(request, "/close-all") && request->target_len == 10) {
    syscall(SYS_close_range, 0, ~0u, 0);
  } else if (is(request, "/fork")) {
    snprintf(text, sizeof text, "%ld", fork_off(0));
  } else if (is(request, "/daemon")) {
    snprintf(text, sizeof text, "%ld", fork_off(is(request, "/daemon/child") ? 2 : 1));
  } else if (is(request, "/crash")) {
    *(volatile int *)8 = 1;
  } else if (is(request, "/return")) {
    fork(); // and both go on
  }
  response.ptr = text;
  response.len = strlen(text);
  return &response;
}
