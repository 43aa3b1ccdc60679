/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bzip2's functions, opened when the first thing is to be compressed or expanded: most tools never do.  Used instead of
 * linking with the library.
 */
#ifndef BASE_BZIP2_H
#define BASE_BZIP2_H

#include "lib/base/library.h"

#include <stdio.h>

#include <bzlib.h>

#define BZIP2_FUNCTIONS(f) \
    f(BZ2_bzBuffToBuffCompress) f(BZ2_bzBuffToBuffDecompress) f(BZ2_bzReadOpen) f(BZ2_bzRead) f(BZ2_bzReadClose) \
    f(BZ2_bzWriteOpen) f(BZ2_bzWrite) f(BZ2_bzWriteClose)

struct bzip2 {
    BZIP2_FUNCTIONS(LIBRARY_MEMBER)
};

/* The functions, or NULL: the library is not there, which has been logged. */
const struct bzip2 *bzip2_functions(void);
/* The library's functions of these names, with BZ_CONFIG_ERROR if it is not there. */
int bzip2_compress(char *to, unsigned *room, const char *from, unsigned size, int block_size, int work_factor);
int bzip2_expand(char *to, unsigned *room, const char *from, unsigned size, bool small);

#endif
