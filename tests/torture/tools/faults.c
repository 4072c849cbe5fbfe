/*
 * Makes file operations fail, at a chosen one: preloaded into a program, it counts
 * those on paths under a folder, over all threads, and acts on one of them.
 *
 *   FAULT_ROOT     the folder, an absolute path without a slash at its end
 *   FAULT_CLASSES  which are counted: open,write,sync,rename,link,unlink,lock,
 *                  truncate,mkdir (all)
 *   FAULT_AT       the number of the operation that is acted on, from 1 on; without
 *                  it none is
 *   FAULT_ACTION   kill      SIGKILL in place of the operation
 *                  tear      of a write only the first half, then SIGKILL
 *                  fail:E    the operation fails with errno E
 *                  signal:S  the program gets signal S, then the operation is done
 *                  twice:S   the same, two times
 *   FAULT_SHORT    1: every write takes half of its bytes, at least one
 *   FAULT_SLEEP    milliseconds that every counted operation takes longer
 *   FAULT_SPACE    bytes that can be written before the disk is full (ENOSPC)
 *   FAULT_NONBLOCK 1: stdout and stderr do not block (O_NONBLOCK)
 *   FAULT_LOG      a file that gets a line for each counted operation: its number,
 *                  class, path and how it ended (0, an errno, or the action)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static const char *root;
static size_t root_length;
static const char *classes;
static const char *action;
static long at, milliseconds;
static int makes_short, log_file = -1;
static atomic_long count;
static atomic_long space = LONG_MAX;

__attribute__((constructor)) static void read_settings(void) {
  const char *text;
  root = getenv("FAULT_ROOT");
  root_length = root ? strlen(root) : 0;
  classes = getenv("FAULT_CLASSES");
  action = getenv("FAULT_ACTION");
  if ((text = getenv("FAULT_AT"))) at = atol(text);
  if ((text = getenv("FAULT_SLEEP"))) milliseconds = atol(text);
  if ((text = getenv("FAULT_SHORT"))) makes_short = atoi(text);
  if ((text = getenv("FAULT_SPACE"))) atomic_store(&space, atol(text));
  if ((text = getenv("FAULT_NONBLOCK")) && atoi(text)) {
    for (int fd = 1; fd <= 2; fd++) {
      syscall(SYS_fcntl, fd, F_SETFL,
              syscall(SYS_fcntl, fd, F_GETFL) | O_NONBLOCK);
    }
  }
  if ((text = getenv("FAULT_LOG"))) {
    log_file = (int)syscall(SYS_openat, AT_FDCWD, text,
                            O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  }
}

/* The function of libc that this one stands before. */
#define REAL(name)                                   \
  static __typeof__(name) *real;                     \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* Writes the path of an open file or folder; whether it has one. */
static int path_of(int fd, char path[PATH_MAX]) {
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const int kept = errno;
  const ssize_t length = readlink(link, path, PATH_MAX - 1);
  errno = kept;
  if (length < 0) return 0;
  path[length] = 0;
  return 1;
}

static int is_under_root(const char *whole) {
  return root && strncmp(whole, root, root_length) == 0 &&
         (whole[root_length] == 0 || whole[root_length] == '/');
}

/* Whether an open file is the root or under it; writes its path. */
static int is_our_file(int fd, char whole[PATH_MAX]) {
  return root && path_of(fd, whole) && is_under_root(whole);
}

/* The same of a path, which may be relative to an open folder. */
static int is_our_path(int folder, const char *path, char whole[PATH_MAX]) {
  if (!root || !path) return 0;
  char base[PATH_MAX] = "";
  if (path[0] != '/') {
    if (folder == AT_FDCWD ? !getcwd(base, sizeof base)
                           : !path_of(folder, base)) return 0;
    strncat(base, "/", sizeof base - strlen(base) - 1);
  }
  if (snprintf(whole, PATH_MAX, "%s%s", base, path) >= PATH_MAX) return 0;
  return is_under_root(whole);
}

/* A path as it is logged: from the root on. */
static const char *shown(const char *whole) {
  const char *path = whole + root_length;
  if (*path == '/') path++;
  return *path ? path : ".";
}

static int is_counted(const char *class) {
  if (!classes) return 1;
  const size_t length = strlen(class);
  for (const char *word = classes; word; word = strchr(word, ',')) {
    if (*word == ',') word++;
    if (strncmp(word, class, length) == 0 &&
        (word[length] == ',' || word[length] == 0)) return 1;
  }
  return 0;
}

static void take_down(long number, const char *class, const char *whole,
                      const char *end) {
  if (log_file < 0) return;
  char line[PATH_MAX + 64];
  const int length = snprintf(line, sizeof line, "%ld %s %s %s\n", number,
                              class, shown(whole), end);
  syscall(SYS_write, log_file, line, (size_t)length);
}

static void take_down_result(long number, const char *class, const char *whole,
                             int failed) {
  if (number <= 0) return; /* not counted, or taken down already */
  const int kept = errno;
  char end[16];
  snprintf(end, sizeof end, "%d", failed ? errno : 0);
  take_down(number, class, whole, end);
  errno = kept;
}

/* An operation comes: its number, 0 if it is not counted, -1 if it has to fail
   (errno is set). `tears` is set where half of it is to be done. */
static long comes(const char *class, const char *whole, int *tears) {
  if (!is_counted(class)) return 0;
  const long number = atomic_fetch_add(&count, 1) + 1;
  if (milliseconds > 0) {
    struct timespec time = {milliseconds / 1000,
                            milliseconds % 1000 * 1000000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) {}
  }
  if (number != at || !action) return number;
  take_down(number, class, whole, action);
  if (strcmp(action, "tear") == 0 && tears) {
    *tears = 1;
  } else if (strcmp(action, "kill") == 0 || strcmp(action, "tear") == 0) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  } else if (strncmp(action, "fail:", 5) == 0) {
    errno = atoi(action + 5);
    return -1;
  } else if (strncmp(action, "signal:", 7) == 0) {
    kill(getpid(), atoi(action + 7));
  } else if (strncmp(action, "twice:", 6) == 0) {
    /* Two that come at once would be one: signals are not counted. */
    struct timespec time = {0, 50000000};
    kill(getpid(), atoi(action + 6));
    nanosleep(&time, NULL);
    kill(getpid(), atoi(action + 6));
    nanosleep(&time, NULL);
  }
  return number;
}

/* How many of so many bytes a write takes; -1 if it has to fail. */
static ssize_t taken(long number, size_t length, int tears) {
  if (number < 0) return -1;
  if ((tears || makes_short) && length > 1) length /= 2;
  long left = atomic_load(&space);
  if (left == LONG_MAX) return (ssize_t)length;
  if (left <= 0) {
    errno = ENOSPC;
    return -1;
  }
  if ((long)length > left) length = (size_t)left;
  atomic_fetch_sub(&space, (long)length);
  return (ssize_t)length;
}

static void after_write(long number, const char *whole, ssize_t result,
                        int tears) {
  if (tears) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  take_down_result(number, "write", whole, result < 0);
}

/* ------------------------------------------------------------------ open */

static int opened(int folder, const char *path, int flags, mode_t mode) {
  char whole[PATH_MAX];
  if (!is_our_path(folder, path, whole)) {
    return (int)syscall(SYS_openat, folder, path, flags, mode);
  }
  const long number = comes("open", whole, NULL);
  if (number < 0) return -1;
  const int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
  take_down_result(number, "open", whole, fd < 0);
  return fd;
}

#define MODE_OF(flags)                                         \
  mode_t mode = 0;                                             \
  if ((flags) & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {      \
    va_list rest;                                              \
    va_start(rest, flags);                                     \
    mode = va_arg(rest, mode_t);                               \
    va_end(rest);                                              \
  }

int open(const char *path, int flags, ...) {
  MODE_OF(flags)
  return opened(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE_OF(flags)
  return opened(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  MODE_OF(flags)
  return opened(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
  MODE_OF(flags)
  return opened(folder, path, flags, mode);
}

/* ----------------------------------------------------------------- write */

#define OF_WRITE(fd, length, plain, some)                        \
  char whole[PATH_MAX];                                          \
  if (!is_our_file(fd, whole)) return plain;                     \
  int tears = 0;                                                 \
  const long number = comes("write", whole, &tears);             \
  const ssize_t part = taken(number, length, tears);             \
  const ssize_t result = part < 0 ? -1 : some;                   \
  after_write(number, whole, result, tears);                     \
  return result

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(write);
  OF_WRITE(fd, length, real(fd, bytes, length),
           real(fd, bytes, (size_t)part));
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  REAL(pwrite64);
  OF_WRITE(fd, length, real(fd, bytes, length, offset),
           real(fd, bytes, (size_t)part, offset));
}

ssize_t writev(int fd, const struct iovec *parts, int many) {
  REAL(writev);
  const struct iovec *first = parts;
  while (many > 0 && first < parts + many - 1 && first->iov_len == 0) first++;
  OF_WRITE(fd, first->iov_len, real(fd, parts, many),
           syscall(SYS_write, fd, first->iov_base, (size_t)part));
}

/* ------------------------------------------- operations of an open file */

#define OF_FILE(class, fd, call)                 \
  char whole[PATH_MAX];                          \
  if (!is_our_file(fd, whole)) return call;      \
  const long number = comes(class, whole, NULL); \
  if (number < 0) return -1;                     \
  const int result = call;                       \
  take_down_result(number, class, whole, result < 0); \
  return result

int fsync(int fd) {
  REAL(fsync);
  OF_FILE("sync", fd, real(fd));
}

int fdatasync(int fd) {
  REAL(fdatasync);
  OF_FILE("sync", fd, real(fd));
}

int ftruncate(int fd, off_t length) {
  REAL(ftruncate);
  OF_FILE("truncate", fd, real(fd, length));
}

int ftruncate64(int fd, off64_t length) {
  REAL(ftruncate64);
  OF_FILE("truncate", fd, real(fd, length));
}

int flock(int fd, int operation) {
  REAL(flock);
  if (operation & LOCK_UN) return real(fd, operation);
  OF_FILE("lock", fd, real(fd, operation));
}

/* ------------------------------------------------- operations of a path */

#define OF_PATH(class, folder, name, call)             \
  char whole[PATH_MAX];                                \
  if (!is_our_path(folder, name, whole)) return call;  \
  const long number = comes(class, whole, NULL);       \
  if (number < 0) return -1;                           \
  const int result = call;                             \
  take_down_result(number, class, whole, result < 0);  \
  return result

int rename(const char *from, const char *to) {
  REAL(rename);
  OF_PATH("rename", AT_FDCWD, to, real(from, to));
}

int renameat(int from_folder, const char *from, int folder, const char *to) {
  REAL(renameat);
  OF_PATH("rename", folder, to, real(from_folder, from, folder, to));
}

int renameat2(int from_folder, const char *from, int folder, const char *to,
              unsigned int flags) {
  REAL(renameat2);
  OF_PATH("rename", folder, to, real(from_folder, from, folder, to, flags));
}

int link(const char *from, const char *to) {
  REAL(link);
  OF_PATH("link", AT_FDCWD, to, real(from, to));
}

int linkat(int from_folder, const char *from, int folder, const char *to,
           int flags) {
  REAL(linkat);
  OF_PATH("link", folder, to, real(from_folder, from, folder, to, flags));
}

int unlink(const char *path) {
  REAL(unlink);
  OF_PATH("unlink", AT_FDCWD, path, real(path));
}

int unlinkat(int folder, const char *path, int flags) {
  REAL(unlinkat);
  OF_PATH("unlink", folder, path, real(folder, path, flags));
}

int rmdir(const char *path) {
  REAL(rmdir);
  OF_PATH("unlink", AT_FDCWD, path, real(path));
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  OF_PATH("mkdir", AT_FDCWD, path, real(path, mode));
}
