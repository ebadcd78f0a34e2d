/* flexilib-health [ADDRESS] */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "health.h"

#define WITHIN_MS 3000

static const char help[] =
    "flexilib-health: whether a flexilib server answers\n"
    "\n"
    "Usage:\n"
    "  flexilib-health            ask the servers of the run directory\n"
    "  flexilib-health ADDRESS    ask there: 127.0.0.1:8069, [::1]:8069, unix:/run/a.sock\n"
    "\n"
    "It sends OPTIONS * (RFC 9110 9.3.7) and waits up to three seconds for a status line;\n"
    "a status below 500 is an answer. No route and no library is asked.\n"
    "\n"
    "A server leaves its address in its run directory, in $FLEXILIB_RUN_DIR, else\n"
    "$RUNTIME_DIRECTORY, else the temporary folder: that must be the server's. Where none\n"
    "can be written, $HOST and $PORT count (0.0.0.0, 8069).\n"
    "\n"
    "Exit status: 0 it answers, 1 it doesn't (a line says why), 2 wrong usage.\n";

static int64_t until;
static bool healthy = true;
static const char *hint = "";

bool fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("error: ", stderr);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "%s\n", hint);
    va_end(arguments);
    return false;
}

static void check(const char *address) { healthy &= ask(address, until); }

/* As the server takes them when nothing else says it (docs/proxy-ini.md). */
static void check_default(void) {
    const char *host = getenv("HOST"), *port = getenv("PORT");
    char address[128];
    if (!host || !*host) host = "0.0.0.0";
    snprintf(address, sizeof address, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port && *port ? port : "8069");
    hint = "; there is no run directory, so this is HOST and PORT: give the address if the configuration has another";
    check(address);
}

int main(int argc, char **argv) {
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        return 0;
    }
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fail("flexilib-health takes an address; --help shows the usage");
        return 2;
    }
    until = now() + WITHIN_MS;
    char where[4096];
    if (argc == 2) {
        check(argv[1]);
        return !healthy;
    }
    int found = find(check, where, sizeof where);
    if (found == 0) {
        fail("no server runs: none has a run directory in %s; FLEXILIB_RUN_DIR must be the server's", where);
        return 1;
    }
    if (found < 0) check_default();
    return !healthy;
}
