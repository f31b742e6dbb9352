/* Preloaded: the file $CUT_FILE loses its second half once it is mapped. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void *mmap(void *where, size_t size, int protection, int flags, int file,
           off_t offset) {
  void *(*system)(void *, size_t, int, int, int, off_t) =
      (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap");
  void *mapped = system(where, size, protection, flags, file, offset);
  const char *path = getenv("CUT_FILE");
  struct stat named, given;
  if (path && file >= 0 && !stat(path, &named) && !fstat(file, &given) &&
      named.st_dev == given.st_dev && named.st_ino == given.st_ino)
    (void)!truncate(path, given.st_size / 2 / 4096 * 4096);
  return mapped;
}

void *mmap64(void *where, size_t size, int protection, int flags, int file,
             off_t offset) {
  return mmap(where, size, protection, flags, file, offset);
}
