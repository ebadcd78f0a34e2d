#ifndef FLEXILIB_NOTIFY_H
#define FLEXILIB_NOTIFY_H

void fl_notify(const char *text);

#endif
