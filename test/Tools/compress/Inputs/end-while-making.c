/* Preloaded: a signal comes just after a temporary was made, and before
   whoever made it knows. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void end(void) {
  kill(getpid(), SIGTERM);
  usleep(20000);
}

char *mkdtemp(char *name) {
  char *made = ((char *(*)(char *))dlsym(RTLD_NEXT, "mkdtemp"))(name);
  if (made && getenv("END_AT_FOLDER"))
    end();
  return made;
}

static int opened(const char *function, const char *path, int flags,
                  mode_t mode) {
  int file = ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, function))(
      path, flags, mode);
  if (file >= 0 && (flags & O_EXCL) && strstr(path, ".tmp-") &&
      getenv("END_AT_FILE"))
    end();
  return file;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened("open64", path, flags, mode);
}
