/* flexilib-health: whether a server's loop turns and answers. For whom there is neither a shell nor Node: it is static. */
#ifndef FLEXILIB_HEALTH_H
#define FLEXILIB_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

/* ask.c: true: it has answered. Else a line has been said. until: of now(). */
bool ask(const char *address, int64_t until);
int64_t now(void); /* milliseconds */

/* find.c: calls each with what every server of the run directory listens on. Gives how many, or -1 when servers can't
 * have a run directory there. where: the folder that was looked through. */
int find(void (*each)(const char *address), char *where, unsigned size);

/* main.c: why it isn't healthy, on standard error; gives false */
bool fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
