/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opens shared libraries on demand.  Called by what wraps one (TLS, PAM, XSLT).  Never logs: the caller knows what cannot
 * be done now.
 */
#include "lib/base/library.h"

bool
library_load(const char *file, int flags, const char *const *symbols, size_t n, void *functions, char **error)
{
    void *library = dlopen(file, flags), **slot = functions;

    if (library == NULL) {
        *error = g_strdup(dlerror());
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        slot[i] = dlsym(library, symbols[i]);
        if (slot[i] == NULL) {
            *error = g_strdup_printf("%s has no %s", file, symbols[i]);
            dlclose(library);
            return false;
        }
    }
    return true;
}
