/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared libraries that few processes ever need are opened when one does: a daemon that never speaks TLS should not
 * hold GnuTLS in memory.  The functions are kept in a struct of pointers with their own names:
 *
 *     #define THEIR_FUNCTIONS(f) f(first_function) f(second_function)
 *     static struct { THEIR_FUNCTIONS(LIBRARY_MEMBER) } theirs;
 *     static const char *const symbols[] = { THEIR_FUNCTIONS(LIBRARY_SYMBOL) };
 *     LIBRARY_MATCHES(theirs, symbols);
 */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <dlfcn.h>
#include <glib.h>
#include <stdbool.h>

#define LIBRARY_MEMBER(name) __typeof__(&name) name;
#define LIBRARY_SYMBOL(name) #name,
#define LIBRARY_MATCHES(functions, symbols) \
    G_STATIC_ASSERT(sizeof(functions) == sizeof(void *) * G_N_ELEMENTS(symbols))

/*
 * Open the library `file` with dlopen()'s `flags` and put the address of `symbols[i]` of `n` into `functions[i]`, a struct of
 * function pointers in that order.  The library stays open until the process ends.  Returns whether all are there; if not,
 * `*error` (g_free) says what is missing, and none of `functions` may be called.
 */
bool library_load(const char *file, int flags, const char *const *symbols, size_t n, void *functions, char **error);

#endif
