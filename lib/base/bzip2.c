/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opens bzip2's library on demand.  Called by whoever reads or writes compressed messages and files.
 */
#include "lib/base/bzip2.h"
#include "lib/base/log.h"

static struct bzip2 functions;
static const char *const symbols[] = { BZIP2_FUNCTIONS(LIBRARY_SYMBOL) };
LIBRARY_MATCHES(functions, symbols);

const struct bzip2 *
bzip2_functions(void)
{
    static bool loaded;
    g_autofree char *error = NULL;

    if (!loaded) {
        loaded = library_load("libbz2.so.1", RTLD_NOW | RTLD_LOCAL, symbols, G_N_ELEMENTS(symbols), &functions, &error);
        if (!loaded) {
            log_err("Compressed messages and files need bzip2: %s", error);
            return NULL;
        }
    }
    return &functions;
}

int
bzip2_compress(char *to, unsigned *room, const char *from, unsigned size, int block_size, int work_factor)
{
    const struct bzip2 *bz = bzip2_functions();

    return bz != NULL ? bz->BZ2_bzBuffToBuffCompress(to, room, (char *)from, size, block_size, 0, work_factor) : BZ_CONFIG_ERROR;
}

int
bzip2_expand(char *to, unsigned *room, const char *from, unsigned size, bool small)
{
    const struct bzip2 *bz = bzip2_functions();

    return bz != NULL ? bz->BZ2_bzBuffToBuffDecompress(to, room, (char *)from, size, small, 0) : BZ_CONFIG_ERROR;
}
