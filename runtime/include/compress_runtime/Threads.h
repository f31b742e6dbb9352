/*===- Threads.h - Threads for functions of object files -------- -*- C -*-===*\
|*                                                                            *|
|* Part of Compress, under the Apache License v2.0 with LLVM Exceptions.      *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/
/* What `compress build --emit=object` makes runs on the calling thread, unless
 * the program links libCompressRuntime and calls compress_set_threads. */
#ifndef COMPRESS_RUNTIME_THREADS_H
#define COMPRESS_RUNTIME_THREADS_H

#include "compress_runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Calls from now on share their work out among so many threads; 0 stands for
 * COMPRESS_THREADS of the environment or, without it, one a core. Returns how
 * many there are, or 0 where they cannot be started. While one call has the
 * threads, others run on their own. Not to be called during calls. */
int compress_set_threads(int threads);

/* Called by objects: gives `context` an arena, scratch and threads, and calls
 * `entry` on each of these. */
void compress_launch(compress_context *context, compress_entry entry,
                     int64_t arena_bytes, int64_t scratch_bytes);

#ifdef __cplusplus
}
#endif
#endif /* COMPRESS_RUNTIME_THREADS_H */
