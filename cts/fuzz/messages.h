/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages made of a fuzzer's bytes: one of the messages that the protocol knows, with attributes and elements taken away, doubled,
 * renamed and given other values.  Random text would seldom get beyond the first check of a daemon.
 */
#ifndef CTS_FUZZ_MESSAGES_H
#define CTS_FUZZ_MESSAGES_H

#include <libxml/tree.h>
#include <stddef.h>
#include <stdint.h>

/* What is left of the fuzzer's input. */
struct bytes {
    const uint8_t *at;
    size_t left;
};

/* A number below `n`; 0 when there are no bytes left. */
unsigned bytes_choose(struct bytes *b, unsigned n);

/* Lists end with NULL.  `words` are values and names that mean something to the daemon. */
struct vocabulary {
    const char *const *messages;
    const char *const *words;
};
/* xml_free() it. */
xmlNode *message_made_up(struct bytes *b, const struct vocabulary *vocabulary);

#endif
