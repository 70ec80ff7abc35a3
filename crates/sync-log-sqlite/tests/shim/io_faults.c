/* A disk that fails when it is told to, for a process that preloads this.
 *
 * IO_FAULTS names an order file: "<id> <nth> <what> <how long>". The nth call
 * that writes, syncs or truncates a file whose name begins with "sync.db" fails
 * with <what> (ENOSPC, EIO, or TORN: half is written, then EIO), and so do all
 * after it if <how long> is "on" and not "once". READ fails the nth call that
 * reads such a file with EIO, and no other. No order file or an empty one, no
 * faults; a new id counts from 1 again. The order file must not be deleted: it
 * stays open, because every call looks into it. What failed is told line by line in the file beside it
 * whose name ends in ".told". */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum fault { NONE, NO_SPACE, FAILED, TORN };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long seen_id = -1, calls;

/* The file's own name, if it belongs to the log. */
static const char *name_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length <= 0) return NULL;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    return name && strncmp(name + 1, "sync.db", 7) == 0 ? name + 1 : NULL;
}

static ssize_t read_orders(char *orders, size_t size) {
    static int file = -1;
    const char *path = getenv("IO_FAULTS");
    if (!path) return -1;
    pthread_mutex_lock(&lock);
    if (file < 0) file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    pthread_mutex_unlock(&lock);
    return file < 0 ? -1 : syscall(SYS_pread64, file, orders, size, 0L);
}

static void tell(const char *call, const char *name) {
    char path[4096], line[4200];
    snprintf(path, sizeof path, "%s.told", getenv("IO_FAULTS"));
    int length = snprintf(line, sizeof line, "%s %s\n", call, name);
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0) return;
    syscall(SYS_write, fd, line, (size_t)length);
    syscall(SYS_close, fd);
}

static enum fault decide(int fd, const char *call) {
    char path[4096], orders[128], what[16], how_long[16];
    ssize_t length = read_orders(orders, sizeof orders - 1);
    if (length <= 0) return NONE;
    orders[length] = 0;
    long id, nth;
    if (sscanf(orders, "%ld %ld %15s %15s", &id, &nth, what, how_long) != 4) return NONE;
    if (!strcmp(what, "READ") != !strcmp(call, "read")) return NONE;
    const char *name = name_of(fd, path, sizeof path);
    if (!name) return NONE;
    pthread_mutex_lock(&lock);
    if (id != seen_id) { seen_id = id; calls = 0; }
    long call_number = ++calls;
    pthread_mutex_unlock(&lock);
    if (call_number < nth || (call_number > nth && strcmp(how_long, "on") != 0)) return NONE;
    tell(call, name);
    return !strcmp(what, "ENOSPC") ? NO_SPACE : !strcmp(what, "TORN") ? TORN : FAILED;
}

static int fail(enum fault fault) {
    errno = fault == NO_SPACE ? ENOSPC : EIO;
    return -1;
}

#define REAL(type, name) ((type)dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = REAL(ssize_t (*)(int, const void *, size_t), write);
    int before = errno;
    enum fault fault = decide(fd, "write");
    errno = before;
    if (fault == NONE) return real(fd, data, size);
    if (fault == TORN) real(fd, data, size / 2);
    return fail(fault);
}

#define AT_OFFSET(name, offset_type)                                              \
    ssize_t name(int fd, const void *data, size_t size, offset_type offset) {     \
        static ssize_t (*real)(int, const void *, size_t, offset_type);           \
        if (!real) real = REAL(ssize_t (*)(int, const void *, size_t, offset_type), name); \
        int before = errno;                                                       \
        enum fault fault = decide(fd, "write");                                   \
        errno = before;                                                           \
        if (fault == NONE) return real(fd, data, size, offset);                   \
        if (fault == TORN) real(fd, data, size / 2, offset);                      \
        return fail(fault);                                                       \
    }

AT_OFFSET(pwrite, off_t)
AT_OFFSET(pwrite64, off64_t)

ssize_t read(int fd, void *data, size_t size) {
    static ssize_t (*real)(int, void *, size_t);
    if (!real) real = REAL(ssize_t (*)(int, void *, size_t), read);
    int before = errno;
    enum fault fault = decide(fd, "read");
    errno = before;
    return fault == NONE ? real(fd, data, size) : fail(fault);
}

#define READ_AT(name, offset_type)                                                \
    ssize_t name(int fd, void *data, size_t size, offset_type offset) {           \
        static ssize_t (*real)(int, void *, size_t, offset_type);                 \
        if (!real) real = REAL(ssize_t (*)(int, void *, size_t, offset_type), name); \
        int before = errno;                                                       \
        enum fault fault = decide(fd, "read");                                    \
        errno = before;                                                           \
        return fault == NONE ? real(fd, data, size, offset) : fail(fault);        \
    }

READ_AT(pread, off_t)
READ_AT(pread64, off64_t)

#define SYNC(name)                                                                \
    int name(int fd) {                                                            \
        static int (*real)(int);                                                  \
        if (!real) real = REAL(int (*)(int), name);                               \
        int before = errno;                                                       \
        enum fault fault = decide(fd, "sync");                                    \
        errno = before;                                                           \
        return fault == NONE ? real(fd) : fail(fault);                            \
    }

SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(name, offset_type)                                               \
    int name(int fd, offset_type length) {                                        \
        static int (*real)(int, offset_type);                                     \
        if (!real) real = REAL(int (*)(int, offset_type), name);                  \
        int before = errno;                                                       \
        enum fault fault = decide(fd, "truncate");                                \
        errno = before;                                                           \
        return fault == NONE ? real(fd, length) : fail(fault);                    \
    }

TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)
