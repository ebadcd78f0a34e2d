/* Run directories, as packages/loader/src/run-directory.ts makes them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "health.h"

#define PREFIX "flexilib-"

static const char *base(char *first, size_t size) {
    const char *given = getenv("FLEXILIB_RUN_DIR");
    if (given && *given) return given;
    given = getenv("RUNTIME_DIRECTORY");
    if (given && *given) {
        snprintf(first, size, "%.*s", (int)strcspn(given, ":"), given);
        return first;
    }
    static const char *const temporary[] = {"TMPDIR", "TMP", "TEMP"}; /* as Node's os.tmpdir() */
    for (size_t i = 0; i < sizeof temporary / sizeof *temporary; i++)
        if ((given = getenv(temporary[i])) && *given) return given;
    return "/tmp";
}

/* Another user's could send us anywhere. */
static int open_ours(int parent, const char *name) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat stat;
    if (fd < 0 || (fstat(fd, &stat) == 0 && stat.st_uid == geteuid())) return fd;
    close(fd);
    return -1;
}

/* Its lock ends with its server. */
static bool is_held(int directory) {
    int fd = openat(directory, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0) close(fd);
    return held;
}

/* A line an address. False: it has no such file yet. */
static bool tell(int directory, void (*each)(const char *address)) {
    char text[4096];
    int fd = openat(directory, "address", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    if (len <= 0) return false;
    text[len] = '\0';
    for (char *rest, *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) each(line);
    return true;
}

int find(void (*each)(const char *address), char *where, unsigned size) {
    char first[4096];
    const char *path = base(first, sizeof first);
    snprintf(where, size, "%s", path);
    DIR *folder = opendir(path);
    int count = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0) continue;
        int directory = open_ours(dirfd(folder), entry->d_name);
        if (directory < 0) continue;
        if (is_held(directory) && tell(directory, each)) count++;
        close(directory);
    }
    if (folder) closedir(folder);
    return count == 0 && access(path, W_OK | X_OK) != 0 ? -1 : count;
}
