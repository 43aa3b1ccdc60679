/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_attribute: cluster options, resource defaults, permanent and transient node attributes, ticket attributes.  Called by
 * agents, other tools and people.  Transient attributes are changed through the attribute manager, everything else in the
 * CIB; queries always read the CIB.  (spec 70 §12, §14)
 */
#include "lib/base/pattern.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/ipc/attrd_client.h"
#include "lib/ipc/controller_client.h"
#include "lib/output/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define PROGRAM "crm_attribute"

enum command { QUERY, UPDATE, DELETE };

static struct {
    enum command command;
    char *name, *id, *pattern, *resource, *value, *node, *section, *set, *default_value;
    bool promotion, is_named; /* the attribute is --promotion's, or that of a --name behind it */
    gboolean utilization, quiet, no_notify;
} options;

/* Where the attribute lives, and which node it belongs to. */
struct place {
    const char *section;
    char *node;    /* name, NULL where no node is involved */
    char *node_id; /* its UUID */
    bool remote;
};

/* --- command line --- */

static gboolean
set_command(const char *option, const char *value, void *data, GError **error)
{
    if (text_is_one_of(option, "-v", "--update", "--attr-value", NULL)) {
        options.command = UPDATE;
        g_free(options.value);
        options.value = g_strdup(value);
    } else if (text_is_one_of(option, "-D", "--delete", "--delete-attr", NULL)) {
        options.command = DELETE;
    } else {
        options.command = QUERY;
    }
    return TRUE;
}

/* Of --name and --promotion the last one says which attribute. */
static gboolean
set_name(const char *option, const char *value, void *data, GError **error)
{
    g_free(options.name);
    options.name = g_strdup(value);
    options.is_named = true;
    return TRUE;
}

static gboolean
set_promotion(const char *option, const char *value, void *data, GError **error)
{
    options.promotion = true;
    options.is_named = false;
    g_free(options.resource);
    options.resource = g_strdup(value);
    return TRUE;
}

/* A lifetime is another word for a section. */
static gboolean
set_section(const char *option, const char *value, void *data, GError **error)
{
    g_free(options.section);
    if (text_equal_nocase(value, "reboot")) {
        options.section = g_strdup("status");
    } else if (text_equal_nocase(value, "forever")) {
        options.section = g_strdup("nodes");
    } else {
        options.section = g_strdup(value);
    }
    return TRUE;
}

static const GOptionEntry selection_options[] = {
    { "id", 'i', 0, G_OPTION_ARG_STRING, &options.id, "(Advanced) Id of the XML element to work on", "XML_ID" },
    { "name", 'n', 0, G_OPTION_ARG_CALLBACK, (void *)set_name,
      "Name of the attribute or option (queries show all\nwithout it)", "NAME" },
    { "pattern", 'P', 0, G_OPTION_ARG_STRING, &options.pattern,
      "All attributes whose names match this expression\n(with -G, or -v/-D and -l reboot)", "PATTERN" },
    { "promotion", 'p', G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, (void *)set_promotion,
      "The attribute that holds the promotion score of this\nresource (in an agent: of its own); implies -l reboot",
      "RESOURCE" },
    { "set-name", 's', 0, G_OPTION_ARG_STRING, &options.set, "(Advanced) Id of the set that holds the attribute",
      "NAME" },
    { "attr-name", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options.name, NULL, NULL },
    { "attr-id", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options.id, NULL, NULL },
    { NULL },
};

static const GOptionEntry command_options[] = {
    { "delete", 'D', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)set_command, "Remove the attribute", NULL },
    { "query", 'G', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)set_command,
      "Show the attribute's value (default)", NULL },
    { "update", 'v', 0, G_OPTION_ARG_CALLBACK, (void *)set_command, "Set the attribute's value", "VALUE" },
    { "delete-attr", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_CALLBACK, (void *)set_command, NULL, NULL },
    { "get-value", 0, G_OPTION_FLAG_HIDDEN | G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)set_command, NULL,
      NULL },
    { "attr-value", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_CALLBACK, (void *)set_command, NULL, NULL },
    { NULL },
};

static const GOptionEntry additional_options[] = {
    { "default", 'd', 0, G_OPTION_ARG_STRING, &options.default_value,
      "(Advanced) Value to show if a query finds none", "VALUE" },
    { "lifetime", 'l', 0, G_OPTION_ARG_CALLBACK, (void *)set_section,
      "How long a node attribute lasts: reboot (until the\nnode leaves the cluster), forever", "LIFETIME" },
    { "node", 'N', 0, G_OPTION_ARG_STRING, &options.node, "Node to which the attribute belongs", "NODE" },
    { "type", 't', 0, G_OPTION_ARG_CALLBACK, (void *)set_section,
      "Section of the CIB: crm_config, rsc_defaults,\nop_defaults, tickets", "SECTION" },
    { "utilization", 'z', 0, G_OPTION_ARG_NONE, &options.utilization,
      "A utilization attribute (capacity) of the node", NULL },
    { "node-uname", 'U', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options.node, NULL, NULL },
    { "inhibit-policy-engine", '!', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &options.no_notify, NULL, NULL },
    { NULL },
};

static const GOptionEntry main_options[] = {
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "Show only the value", NULL },
    { "value-only", 'Q', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &options.quiet, NULL, NULL },
    { NULL },
};

static enum crm_exit
failed(struct output *out, int rc)
{
    output_error(out, PROGRAM ": Error performing operation: %s", result_text(rc));
    return result_to_exit(rc);
}

/* --- sections --- */

static bool
is_cluster_wide(const char *section)
{
    return text_is_one_of(section, "crm_config", "rsc_defaults", "op_defaults", "tickets", NULL);
}

static bool
is_section(const char *section)
{
    return is_cluster_wide(section)
           || text_is_one_of(section, "nodes", "status", "cib", "configuration", "resources", "constraints", "tags",
                             "acls", "alerts", "fencing-topology", NULL);
}

static const char *
default_section(void)
{
    if (options.section != NULL) {
        return options.utilization && text_equal(options.section, "status") ? "nodes" : options.section;
    }
    if (options.utilization) {
        return "nodes";
    }
    return options.promotion ? "status" : options.node != NULL ? "nodes" : "crm_config";
}

/* An XPath string literal (g_free), or NULL: a text with both kinds of quotes has none, and no name holds both. */
static char *
xpath_literal(const char *text)
{
    if (strchr(text, '\'') == NULL) {
        return g_strdup_printf("'%s'", text);
    }
    return strchr(text, '"') == NULL ? g_strdup_printf("\"%s\"", text) : NULL;
}

/* --- nodes (spec 70 §12) --- */

/*
 * Where a node is described, first match in the document: a configured node, a remote node's resource, a guest node's resource,
 * the status of a remote node.
 */
static int
map_node(struct cib_client *cib, struct place *place)
{
    g_autofree char *lower = g_ascii_strdown(place->node, -1);
    g_autofree char *literal = xpath_literal(lower);
    g_autoptr(xmlNode) result = NULL;
    g_autofree char *xpath = NULL;
    const xmlNode *match;
    int rc;

    if (literal == NULL) {
        return ENXIO;
    }
#define FOLDED(attribute) "translate(@" attribute ",'ABCDEFGHIJKLMNOPQRSTUVWXYZ','abcdefghijklmnopqrstuvwxyz')=%1$s"
    xpath = g_strdup_printf(
        "/cib/configuration/nodes/node[" FOLDED("uname") "]"
        "|/cib/configuration/resources/primitive[@class='ocf'][@provider='pacemaker'][@type='remote'][" FOLDED("id") "]"
        "|/cib/configuration/resources/primitive/meta_attributes/nvpair[@name='remote-node'][" FOLDED("value") "]"
        "|/cib/status/node_state[@remote_node='true'][" FOLDED("id") "]",
        literal);
#undef FOLDED
    rc = cib_query_xpath(cib, xpath, CIB_OPT_LOCAL | CIB_OPT_NO_CHILDREN, &result);
    if (rc != RC_OK) {
        return rc;
    }
    match = xml_is(result, "xpath-query") ? xml_first(result, NULL) : result;
    if (match == NULL) {
        return ENXIO;
    }
    if (xml_is(match, "node")) {
        place->remote = text_equal(xml_get(match, "type"), "remote");
        place->node_id = g_strdup(xml_get(match, place->remote ? "uname" : "id"));
    } else {
        place->remote = true;
        place->node_id = g_strdup(xml_get(match, xml_is(match, "nvpair")       ? "value"
                                                 : xml_is(match, "node_state") ? "uname"
                                                                               : "id"));
    }
    return place->node_id != NULL ? RC_OK : ENXIO;
}

static enum crm_exit
find_node(struct output *out, struct cib_client *cib, struct place *place)
{
    int rc;

    place->node = g_strdup(attrd_target(options.node));
    if (place->node == NULL && getenv("CIB_file") != NULL) {
        struct utsname host;

        place->node = g_strdup(uname(&host) == 0 ? host.nodename : "localhost");
    } else if (place->node == NULL) {
        rc = controller_local_node(PROGRAM, &place->node);
        if (rc == ENXIO) {
            output_error(out, PROGRAM ": The controller knows no name of the local node");
            return CRM_EX_NOHOST;
        }
        if (rc != RC_OK) {
            output_error(out, PROGRAM ": Could not connect to controller: %s", result_text(rc));
            return result_to_exit(rc);
        }
    }
    rc = map_node(cib, place);
    if (rc == ENXIO) {
        output_error(out, PROGRAM ": Could not map name=%s to a UUID", place->node);
        return CRM_EX_NOSUCH;
    }
    return rc == RC_OK ? CRM_EX_OK : failed(out, rc);
}

/* --- search (spec 70 §14.3) --- */

/* Element that holds a section's sets; the node part is empty for cluster-wide ones. */
static const char *
set_element(const char *section)
{
    if (text_equal(section, "crm_config")) {
        return "cluster_property_set";
    }
    if (text_is_one_of(section, "rsc_defaults", "op_defaults", NULL)) {
        return "meta_attributes";
    }
    if (text_equal(section, "status")) {
        return "transient_attributes";
    }
    return options.utilization ? "utilization" : "instance_attributes";
}

static char *
search_xpath(const struct place *place)
{
    g_autofree char *node = NULL;
    GString *xpath = g_string_new(NULL);

    if (text_is_one_of(place->section, "tickets", "status", NULL)) {
        g_string_assign(xpath, "//cib/status");
    } else if (text_equal(place->section, "cib") || text_equal(place->section, "configuration")) {
        g_string_assign(xpath, "//cib");
    } else {
        g_string_printf(xpath, "//cib/configuration/%s", place->section);
    }
    if (text_equal(place->section, "tickets")) {
        g_string_append(xpath, "//tickets");
    } else if (!is_cluster_wide(place->section) && place->node_id != NULL) {
        node = xpath_literal(place->node_id);
        g_string_append_printf(xpath, "//%s[@id=%s]", text_equal(place->section, "status") ? "node_state" : "node",
                               node != NULL ? node : "''");
    }
    g_string_append_printf(xpath, "//%s", set_element(place->section));
    return g_string_free(xpath, FALSE);
}

/* Append [@name='value']; false if the value cannot be written in XPath, which means that nothing has it. */
static bool
add_predicate(GString *xpath, const char *attribute, const char *value)
{
    g_autofree char *literal = value != NULL ? xpath_literal(value) : NULL;

    if (literal != NULL) {
        g_string_append_printf(xpath, "[@%s=%s]", attribute, literal);
    }
    return value == NULL || literal != NULL;
}

/*
 * The nvpairs that the command line means: elements of *document (xml_free), in document order.  ENXIO if there are none.
 */
static int
search(struct cib_client *cib, const struct place *place, xmlNode **document, GPtrArray *matches)
{
    g_autofree char *base = search_xpath(place);
    g_autoptr(GString) xpath = g_string_new(base);
    regex_t regex;
    bool filter = options.pattern != NULL; /* checked by check_options() */
    int rc;

    if (!add_predicate(xpath, "id", options.set)) {
        return ENXIO;
    }
    g_string_append(xpath, "//nvpair");
    if (!add_predicate(xpath, "id", options.id)
        || !add_predicate(xpath, "name", filter ? NULL : options.name)) {
        return ENXIO;
    }
    rc = cib_query_xpath(cib, xpath->str, CIB_OPT_LOCAL, document);
    if (rc != RC_OK) {
        return rc;
    }
    if (filter && pattern_compile(&regex, options.pattern, REG_NOSUB) != 0) {
        return EINVAL;
    }
    if (xml_is(*document, "nvpair")) {
        g_ptr_array_add(matches, *document);
    } else {
        xml_for_each(pair, *document, "nvpair")
        {
            g_ptr_array_add(matches, pair);
        }
    }
    if (filter) {
        for (guint i = 0; i < matches->len;) {
            const char *name = xml_get(g_ptr_array_index(matches, i), "name");

            if (name != NULL && regexec(&regex, name, 0, NULL, 0) == 0) {
                i++;
            } else {
                g_ptr_array_remove_index(matches, i);
            }
        }
        regfree(&regex);
    }
    return matches->len > 0 ? RC_OK : ENXIO;
}

/* --- query --- */

static void
show(struct output *out, const struct place *place, const char *name, const char *value)
{
    if (output_is_structured(out)) {
        output_element(out, "attribute", "name", name, "value", value != NULL ? value : "", "scope", place->section,
                       "id", options.id, NULL);
    } else if (!options.quiet) {
        output_item(out, NULL, "scope=%s %s%s name=%s value=%s", place->section, options.id != NULL ? "id=" : "",
                    options.id != NULL ? options.id : "", name != NULL ? name : "", value != NULL ? value : "(null)");
    } else if (value != NULL) {
        output_item(out, NULL, "%s", value);
    }
}

static enum crm_exit
query(struct output *out, struct cib_client *cib, const struct place *place)
{
    g_autoptr(xmlNode) document = NULL;
    g_autoptr(GPtrArray) matches = g_ptr_array_new();
    int rc = search(cib, place, &document, matches);

    if (rc == ENXIO && options.default_value != NULL && options.pattern == NULL) {
        show(out, place, options.name, options.default_value);
        return CRM_EX_OK;
    }
    if (rc != RC_OK) {
        return failed(out, rc);
    }
    for (guint i = 0; i < matches->len; i++) {
        const xmlNode *pair = g_ptr_array_index(matches, i);

        show(out, place, xml_get(pair, "name"), xml_get(pair, "value"));
    }
    return CRM_EX_OK;
}

static enum crm_exit
ambiguous(struct output *out, const GPtrArray *matches)
{
    output_info(out, "Multiple attributes match name=%s", options.name != NULL ? options.name : options.pattern);
    for (guint i = 0; i < matches->len; i++) {
        const xmlNode *pair = g_ptr_array_index(matches, i);

        output_info(out, "  Value: %s \t(id=%s)", xml_get(pair, "value"), xml_id(pair));
    }
    output_flush(out);
    output_error(out, PROGRAM ": Please choose from one of the matches below and supply the 'id' with --attr-id");
    return CRM_EX_MULTIPLE;
}

/* --- changes in the CIB --- */

static unsigned
change_options(void)
{
    return CIB_OPT_QUORUM_OVERRIDE | (options.no_notify ? CIB_OPT_INHIBIT_NOTIFY : CIB_OPT_NONE);
}

static char *
default_set_id(const struct place *place)
{
    if (options.set != NULL) {
        return g_strdup(options.set);
    }
    if (text_equal(place->section, "crm_config")) {
        return g_strdup("cib-bootstrap-options");
    }
    if (text_equal(place->section, "tickets")) {
        return g_strdup("status-tickets");
    }
    if (place->node_id != NULL && text_is_one_of(place->section, "nodes", "status", NULL)) {
        return g_strdup_printf("%s-%s%s", place->section, place->node_id, options.utilization ? "-utilization" : "");
    }
    return g_strdup_printf("%s-options", place->section);
}

/*
 * The element in which a new attribute's set belongs, below *top, which is what the CIB merges.  Where the top is a node's own
 * element, a node that does not exist is an error and not created on the way.
 */
static xmlNode *
new_holder(const struct place *place, xmlNode **top)
{
    if (text_equal(place->section, "tickets")) {
        *top = xml_new(NULL, "status");
        return xml_new(*top, "tickets");
    }
    if (text_equal(place->section, "nodes")) {
        xmlNode *node;

        *top = place->remote ? xml_new(NULL, "nodes") : NULL;
        node = xml_new(*top, "node");
        if (place->remote) {
            xml_set(node, "type", "remote");
        }
        xml_set(node, "id", place->node_id);
        if (place->remote) {
            xml_set(node, "uname", place->node_id);
        }
        *top = *top != NULL ? *top : node;
        return node;
    }
    if (text_equal(place->section, "status")) {
        xmlNode *transient;

        *top = xml_new(NULL, "node_state");
        xml_set(*top, "id", place->node_id);
        transient = xml_new(*top, "transient_attributes");
        xml_set(transient, "id", place->node_id);
        return transient;
    }
    *top = xml_new(NULL, place->section);
    return *top;
}

/* What to merge to have a new attribute (xml_free). */
static xmlNode *
new_attribute(const struct place *place, const char *set_id, const char *name)
{
    g_autofree char *plain_id = g_strdup_printf("%s-%s", set_id, name);
    g_autofree char *pair_id = options.id != NULL ? g_strdup(options.id) : attrd_xml_id(plain_id);
    const char *element = text_equal(place->section, "status") ? "instance_attributes" : set_element(place->section);
    xmlNode *top = NULL;
    xmlNode *holder = new_holder(place, &top);
    xmlNode *set, *pair;

    if (!is_cluster_wide(place->section) && place->node_id == NULL) {
        element = "meta_attributes";
    }
    set = xml_new(holder, element);
    xml_set(set, "id", set_id);
    pair = xml_new(set, "nvpair");
    xml_set(pair, "id", pair_id);
    xml_set(pair, "name", name);
    xml_set(pair, "value", options.value);
    return top;
}

static enum crm_exit
update_cib(struct output *out, struct cib_client *cib, const struct place *place)
{
    g_autoptr(xmlNode) document = NULL;
    g_autoptr(xmlNode) change = NULL;
    g_autoptr(xmlNode) rejected = NULL;
    g_autoptr(GPtrArray) matches = g_ptr_array_new();
    g_autofree char *set_id = default_set_id(place);
    const char *name = options.name != NULL ? options.name : options.id;
    struct cib_request request = {
        .op = CIB_OP_MODIFY,
        .section = text_equal(place->section, "tickets") ? "status" : place->section,
        .options = change_options(),
    };
    int rc = search(cib, place, &document, matches);

    if (rc != RC_OK && rc != ENXIO) {
        return failed(out, rc);
    }
    if (matches->len > 1) {
        return ambiguous(out, matches);
    }
    if (matches->len == 1) {
        const xmlNode *pair = g_ptr_array_index(matches, 0);

        change = xml_new(NULL, "nvpair");
        xml_set(change, "id", xml_id(pair));
        xml_set(change, "name", xml_get(pair, "name"));
        xml_set(change, "value", options.value);
    } else if (name == NULL) {
        return failed(out, ENXIO);
    } else {
        change = new_attribute(place, set_id, name);
    }
    request.input = change;
    rc = cib_call(cib, &request, 0, &rejected);
    if (rc != RC_OK) {
        output_error(out, "Error setting %s=%s (section=%s, set=%s): %s", name != NULL ? name : options.pattern,
                     options.value, place->section, set_id, result_text(rc));
        return failed(out, rc);
    }
    return CRM_EX_OK;
}

static enum crm_exit
delete_from_cib(struct output *out, struct cib_client *cib, const struct place *place)
{
    g_autoptr(xmlNode) document = NULL;
    g_autoptr(xmlNode) doomed = NULL;
    g_autoptr(GPtrArray) matches = g_ptr_array_new();
    const char *name = options.name;
    const char *id = options.id;
    int rc;

    if (id == NULL) {
        rc = search(cib, place, &document, matches);
        if (rc == ENXIO) {
            return CRM_EX_OK; /* gone already */
        }
        if (rc != RC_OK) {
            return failed(out, rc);
        }
        if (matches->len > 1) {
            return ambiguous(out, matches);
        }
        id = xml_id(g_ptr_array_index(matches, 0));
        name = xml_get(g_ptr_array_index(matches, 0), "name");
    }
    doomed = xml_new(NULL, "nvpair");
    xml_set(doomed, "id", id);
    xml_set(doomed, "name", name);
    rc = cib_delete(cib, text_equal(place->section, "tickets") ? "status" : place->section, doomed, change_options());
    if (rc != RC_OK && rc != ENXIO) {
        return failed(out, rc);
    }
    if (rc == RC_OK && !options.quiet) {
        output_info(out, "Deleted %s %s: id=%s%s%s name=%s", place->section,
                    place->node != NULL ? "attribute" : "option", id, options.set != NULL ? " set=" : "",
                    options.set != NULL ? options.set : "", name != NULL ? name : "");
    }
    return CRM_EX_OK;
}

/* --- changes through the attribute manager --- */

static int
change_transient(const struct place *place)
{
    struct attrd_client *client = attrd_client_new(PROGRAM);
    const struct attrd_update update = {
        .name = options.pattern != NULL ? options.pattern : options.name,
        .value = options.command == UPDATE ? options.value : NULL,
        .node = place->node,
        .set = options.set,
        .flags = (options.pattern != NULL ? ATTRD_UPDATE_PATTERN : ATTRD_UPDATE_PLAIN)
                 | (place->remote ? ATTRD_UPDATE_REMOTE : ATTRD_UPDATE_PLAIN),
    };
    int rc = attrd_client_update(client, &update);

    attrd_client_free(client);
    return rc;
}

/* --- doing it --- */

static enum crm_exit
check_options(struct output *out, const char *section)
{
    regex_t regex;

    if (options.pattern != NULL) {
        if (pattern_compile(&regex, options.pattern, REG_NOSUB) != 0) {
            output_error(out, PROGRAM ": Error: '%s' is no regular expression", options.pattern);
            return CRM_EX_USAGE;
        }
        regfree(&regex);
    }
    if (options.command == DELETE && options.name == NULL && options.pattern == NULL) {
        output_error(out, PROGRAM ": Error: must specify attribute name or pattern to delete");
        return CRM_EX_USAGE;
    }
    if (options.pattern != NULL && options.command != QUERY && !text_equal(section, "status")) {
        output_error(out, PROGRAM
                     ": Error: pattern can only be used with query, or with till-reboot update or delete");
        return CRM_EX_USAGE;
    }
    return CRM_EX_OK;
}

static enum crm_exit
act(struct output *out, struct cib_client *cib, const struct place *place)
{
    /* A file has no attribute manager. */
    bool live = getenv("CIB_file") == NULL && getenv("CIB_shadow") == NULL;

    if (!is_section(place->section)) {
        return failed(out, ENOMSG);
    }
    if (options.command == QUERY) {
        return query(out, cib, place);
    }
    if (live && text_equal(place->section, "status") && change_transient(place) == RC_OK) {
        return CRM_EX_OK;
    }
    return options.command == UPDATE ? update_cib(out, cib, place) : delete_from_cib(out, cib, place);
}

static enum crm_exit
run(struct output *out)
{
    struct cib_client *cib = NULL;
    struct place place = { .section = default_section() };
    enum crm_exit exit_code = CRM_EX_OK;
    int rc;

    if (options.promotion && !options.is_named) {
        const char *resource = options.resource != NULL ? options.resource : getenv("OCF_RESOURCE_INSTANCE");

        if (resource == NULL) {
            output_error(out, PROGRAM
                         ": -p/--promotion must be called from an OCF resource agent or with a resource ID specified");
            return CRM_EX_USAGE;
        }
        g_free(options.name);
        options.name = g_strdup_printf("master-%s", resource);
    }
    cib = cib_client_new();
    rc = cib_client_connect(cib, PROGRAM, CIB_ENDPOINT_COMMAND, CIB_CONNECT_SMALL);
    if (rc != RC_OK) {
        output_error(out, PROGRAM ": Could not connect to the CIB: %s", result_text(rc));
        cib_client_free(cib);
        return result_to_exit(rc);
    }
    if (is_section(place.section) && !is_cluster_wide(place.section)) {
        exit_code = find_node(out, cib, &place);
    }
    if (exit_code == CRM_EX_OK) {
        exit_code = check_options(out, place.section);
    }
    if (exit_code == CRM_EX_OK) {
        exit_code = act(out, cib, &place);
    }
    rc = cib_client_disconnect(cib);
    if (exit_code == CRM_EX_OK && rc != RC_OK) {
        exit_code = failed(out, rc);
    }
    cib_client_free(cib);
    g_free(place.node);
    g_free(place.node_id);
    return exit_code;
}

int
main(int argc, char **argv)
{
    static const char examples[] = "Examples:\n\n"
                                   "Say where a host stands, ask for it, forget it:\n\n"
                                   "\tcrm_attribute --node alpha --name room --update 12\n"
                                   "\tcrm_attribute --node alpha --name room --query\n"
                                   "\tcrm_attribute --node alpha --name room --delete\n\n"
                                   "Show only the value of a cluster option:\n\n"
                                   "\tcrm_attribute --type crm_config --name cluster-delay --query --quiet\n";
    struct tool tool;
    struct output *out;
    int code;

    tool_init(&tool, argv, TOOL_OUTPUT, "NPUdilnstv", NULL,
              "crm_attribute - shows and changes cluster options and node attributes", examples);
    tool_add_group(&tool, "selections", "Selecting attributes:", "Show selecting options", selection_options);
    tool_add_group(&tool, "command", "Commands:", "Show commands", command_options);
    tool_add_group(&tool, "additional", "Additional options:", "Show additional options", additional_options);
    tool_add_options(&tool, main_options);
    out = tool_start(&tool, 0, &code);
    if (out == NULL) {
        return code;
    }
    return tool_exit(&tool, out, (int)run(out));
}
