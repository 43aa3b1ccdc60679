/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See messages.h.  The same bytes always make the same message. */
#include "cts/fuzz/messages.h"

#include <glib.h>
#include <string.h>

#include "lib/base/xml.h"

/* Values that are wrong nearly everywhere. */
static const char *const ODD[] = { "", "-1", "0", "1", "99999999999999999999", "4294967295", "-2147483649", "true", "n1", "n2", "b2", "ghost", "']|//*[@id='",
                                   "\xc3\xa4 &<>\"", "%s%n", "NaN", "+INFINITY", "1:2:3:4", "0:0;1:2:0:x", "P1Y", "10s", "a_b_c_0", NULL };

unsigned
bytes_choose(struct bytes *b, unsigned n)
{
    unsigned value = 0;

    for (unsigned most = n; most > 1 && b->left > 0; most >>= 8) {
        value = value << 8 | *b->at;
        b->at++;
        b->left--;
    }
    return n > 1 ? value % n : 0;
}

static unsigned
length(const char *const *list)
{
    unsigned n = 0;

    while (list[n] != NULL) {
        n++;
    }
    return n;
}

static const char *
any_word(struct bytes *b, const struct vocabulary *v)
{
    const char *const *list = bytes_choose(b, 2) == 0 ? v->words : ODD;

    return list[bytes_choose(b, length(list))];
}

static void
list_elements(GPtrArray *list, xmlNode *node)
{
    g_ptr_array_add(list, node);
    xml_for_each (child, node, NULL) {
        list_elements(list, child);
    }
}

static xmlAttr *
any_attribute(struct bytes *b, const xmlNode *node)
{
    unsigned n = 0;
    xmlAttr *attr;

    for (attr = node->properties; attr != NULL; attr = attr->next) {
        n++;
    }
    n = bytes_choose(b, n);
    for (attr = node->properties; n > 0; attr = attr->next) {
        n--;
    }
    return attr;
}

static bool
is_name(const char *word)
{
    return xmlValidateNCName((const xmlChar *)word, 0) == 0;
}

static void
change(struct bytes *b, const struct vocabulary *v, xmlNode *root)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    xmlNode *node;
    xmlAttr *attr;
    const char *word;

    list_elements(all, root);
    node = all->pdata[bytes_choose(b, all->len)];
    attr = any_attribute(b, node);
    switch (bytes_choose(b, 7)) {
        case 0:
        case 1:
            if (attr != NULL) {
                xml_set(node, (const char *)attr->name, any_word(b, v));
            }
            break;
        case 2:
            if (attr != NULL) {
                xml_remove(node, (const char *)attr->name);
            }
            break;
        case 3:
            word = any_word(b, v);
            if (is_name(word)) {
                xml_set(node, word, any_word(b, v));
            }
            break;
        case 4:
            if (node != root) {
                xml_free(node);
            }
            break;
        case 5:
            if (all->len < 100) {
                g_autoptr(xmlNode) copy = xml_copy(NULL, node); /* apart: it may be put below itself */

                xml_copy(all->pdata[bytes_choose(b, all->len)], copy);
            }
            break;
        default:
            word = any_word(b, v);
            if (is_name(word)) {
                xmlNodeSetName(node, (const xmlChar *)word);
            }
            break;
    }
}

xmlNode *
message_made_up(struct bytes *b, const struct vocabulary *v)
{
    const char *text = v->messages[bytes_choose(b, length(v->messages))];
    xmlNode *message = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    if (message == NULL) {
        g_error("The message %s is no XML", text);
    }
    for (unsigned changes = bytes_choose(b, 6); changes > 0; changes--) {
        change(b, v, message);
    }
    return message;
}
