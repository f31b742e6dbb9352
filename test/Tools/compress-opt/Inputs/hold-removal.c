/* Preloaded: who removes a side-car says so by making the file $HOLD_MARK, and
   waits until the file $HOLD_GATE is there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hold(const char *path) {
  const char *mark = getenv("HOLD_MARK"), *gate = getenv("HOLD_GATE");
  const char ending[] = ".safetensors";
  size_t length = strlen(path);
  if (!mark || !gate || length < strlen(ending) ||
      strcmp(path + length - strlen(ending), ending))
    return;
  close(open(mark, O_CREAT | O_WRONLY, 0666));
  for (int i = 0; i < 3000 && access(gate, F_OK); ++i)
    usleep(10000);
}

int remove(const char *path) {
  hold(path);
  return ((int (*)(const char *))dlsym(RTLD_NEXT, "remove"))(path);
}

int unlink(const char *path) {
  hold(path);
  return ((int (*)(const char *))dlsym(RTLD_NEXT, "unlink"))(path);
}
