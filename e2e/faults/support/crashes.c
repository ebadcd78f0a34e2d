// Ways to end a call, by path; any other path is answered. Apart and not inlined: their names are in the report.
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FAULT static __attribute__((noinline)) void

FAULT segv(void) { *(volatile int *)8 = 1; }
FAULT abrt(void) { abort(); }
FAULT ill(void) {
#ifdef __x86_64__
  __asm__ volatile("ud2");
#else
  __asm__ volatile(".inst 0");
#endif
}
// What is mapped of a file that became shorter.
FAULT bus(void) {
  int fd = memfd_create("short", 0);
  ftruncate(fd, 4096);
  volatile char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ftruncate(fd, 0);
  close(fd);
  *at = 1;
}
FAULT fpe(void) {
#ifdef __x86_64__
  volatile int zero = 0;
  zero = 7 / zero;
#else
  raise(SIGFPE); // arm64 divides by zero
#endif
}
static __attribute__((noinline)) int deeper(volatile int depth) {
  volatile char page[4096];
  page[0] = (char)depth;
  return depth ? deeper(depth + 1) + page[0] : 0;
}
FAULT overflow(void) { deeper(1); }

FAULT spin(void) {
  for (volatile int on = 1; on;) continue;
}
FAULT doze(void) {
  for (;;) sleep(1000);
}

FAULT exit_politely(void) { exit(3); }
FAULT exit_now(void) { _exit(4); }
FAULT exit_thread(void) { pthread_exit(NULL); }
FAULT die(void) { kill(getpid(), SIGKILL); }

// Out of bounds in the heap: noticed by free(3); noticed by malloc(3), which then holds its lock; all that lies behind.
static char *volatile block; // so that the compiler leaves the calls in
static volatile size_t length;
static char *allocate(size_t size) { return block = malloc(size); }
FAULT heap(void) {
  char *one = allocate(24), *two = allocate(24);
  memset(one, 0x41, length = 96);
  free(two);
  free(one);
  abort();
}
FAULT heap_top(void) {
  char *last = NULL;
  for (int i = 0; i < 100; i++)
    if (allocate(100000) > last) last = block;
  memset(last, 0xff, length = malloc_usable_size(last) + 16);
  for (int i = 0; i < 1000; i++) allocate(100000);
  abort();
}
FAULT heap_far(void) {
  memset(allocate(24), 0x42, length = 1 << 14);
  abort();
}
FAULT stack(void) {
  char small[8];
  memset(small, 0x41, length = 256);
  __asm__ volatile("" ::"r"(small) : "memory");
}

static const struct {
  const char *path;
  void (*fault)(void);
} faults[] = {
    {"/segv", segv},        {"/abrt", abrt},         {"/ill", ill},
    {"/bus", bus},          {"/fpe", fpe},           {"/overflow", overflow},
    {"/spin", spin},        {"/sleep", doze},        {"/exit", exit_politely},
    {"/_exit", exit_now},   {"/pthread", exit_thread}, {"/kill", die},
    {"/heap", heap},        {"/heap-top", heap_top}, {"/heap-far", heap_far},
    {"/stack", stack},
};

flexilib_response *handle_request(flexilib_request *request) {
  static flexilib_response response = {.ptr = "fine", .len = 4};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    if (strlen(faults[i].path) == request->target_len && !memcmp(faults[i].path, request->target, request->target_len))
      faults[i].fault();
  if (request->target_len == 5 && !memcmp(request->target, "/null", 5)) return NULL;
  return &response;
}
