/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connection of the fencer to the CIB manager.  Called by main.c; never blocks after the start.  Changes that have
 * nothing to do with fencing, which are most, are recognised by the patchset and cost no query.
 */
#include "daemons/fenced/fenced_cib.h"

#include "daemons/fenced/fenced_relevance.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/ipc/ipc_fields.h"

#include <string.h>

#define CONNECT_PAUSE_MS 500
#define QUERY_TIMEOUT_S  120

static struct {
    struct cib_client *cib;
    struct fence_relevance *relevance;
    void (*changed)(const xmlNode *configuration);
    void (*lost)(void);
    guint timer;
    bool is_asked;  /* a query is under way */
    bool ask_again; /* and what it will tell is old already */
    bool narrowed;  /* not all changes are told */
} self;

static void ask(void);

/* What was read tells what is of interest from now on; while it is read, everything is. */
static void
narrow(const char *rules)
{
    if (rules != NULL || self.narrowed) {
        self.narrowed = cib_client_narrow(self.cib, rules) == RC_OK && rules != NULL;
    }
}

static void
on_answer(struct cib_client *c, int call_id, int rc, const xmlNode *output, const xmlNode *reply, void *data)
{
    self.is_asked = false;
    if (rc != RC_OK || output == NULL) {
        log_err("Cannot get the configuration: %s", result_text(rc));
    } else if (!self.ask_again) {
        g_autofree char *rules = NULL;

        fence_relevance_note(self.relevance, output);
        rules = fence_relevance_rules(self.relevance);
        narrow(rules);
        self.changed(output);
    }
    if (self.ask_again) {
        self.ask_again = false;
        ask();
    }
}

static void
ask(void)
{
    const struct cib_request request = { .op = CIB_OP_QUERY, .section = "configuration", .options = CIB_OPT_LOCAL };

    if (self.is_asked) {
        self.ask_again = true;
        return;
    }
    fence_relevance_forget(self.relevance);
    narrow(NULL);
    self.is_asked = cib_call_async(self.cib, &request, QUERY_TIMEOUT_S, on_answer, NULL, NULL) > 0;
}

static void
on_notify(struct cib_client *c, const char *type, const xmlNode *message, void *data)
{
    if (strcmp(type, CIB_NOTIFY_REFRESH) == 0
        || (cib_notification_rc(message) == RC_OK && fence_relevance_of(self.relevance, cib_notification_patch(message)))) {
        ask();
    }
}

static void
on_lost(struct cib_client *c, void *data)
{
    self.lost();
}

static gboolean
try_to_connect(gpointer data)
{
    int rc = cib_client_connect(self.cib, SYS_FENCER, CIB_ENDPOINT_COMMAND, CIB_CONNECT_EVENTS);

    if (rc == RC_OK) {
        rc = cib_client_subscribe(self.cib, CIB_NOTIFY_DIFF, on_notify, NULL);
    }
    if (rc == RC_OK) {
        rc = cib_client_subscribe(self.cib, CIB_NOTIFY_REFRESH, on_notify, NULL);
    }
    if (rc != RC_OK) {
        log_debug("The CIB manager is not there yet: %s", result_text(rc));
        cib_client_disconnect(self.cib);
        return G_SOURCE_CONTINUE;
    }
    log_info("Connected to the CIB manager");
    self.timer = 0;
    cib_client_on_lost(self.cib, on_lost, NULL);
    ask();
    return G_SOURCE_REMOVE;
}

void
fenced_cib_start(void (*changed)(const xmlNode *configuration), void (*lost)(void))
{
    self.changed = changed;
    self.lost = lost;
    self.cib = cib_client_new_native();
    self.relevance = fence_relevance_new();
    self.timer = g_timeout_add(CONNECT_PAUSE_MS, try_to_connect, NULL);
}

void
fenced_cib_stop(void)
{
    if (self.timer != 0) {
        g_source_remove(self.timer);
        self.timer = 0;
    }
    cib_client_free(self.cib);
    self.cib = NULL;
    g_clear_pointer(&self.relevance, fence_relevance_free);
}
