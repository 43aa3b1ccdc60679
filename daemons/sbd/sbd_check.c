/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `sbd check`, and the same at the daemon's start: reads headers, looks at the watchdog without
 * touching it, asks Corosync and the CIB, and prints or logs what the core makes of it.  Changes
 * nothing.  (spec 65 §15)
 */
#include "daemons/sbd/sbd_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <corosync/cmap.h>
#include <corosync/corotypes.h>

#include "daemons/sbd/sbd_device.h"
#include "daemons/sbd/sbd_log.h"
#include "daemons/sbd/sbd_tool.h"
#include "daemons/sbd/sbd_watchdog.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/cluster/cmap.h"

#define DEFAULT_STONITH_TIMEOUT_S 60
#define CIB_TIMEOUT_S             5

/* --- this node --- */

static void
learn_disks(const struct sbd_options *o, struct sbd_check_facts *f)
{
    f->n_disks = o->n_devices;
    for (unsigned i = 0; i < o->n_devices; i++) {
        struct sbd_check_disk *disk = &f->disks[i];
        struct sbd_device d;

        disk->name = o->devices[i];
        if (sbd_device_open(&d, disk->name, o->io_s)) {
            disk->error = sbd_device_header(&d, &disk->header, &disk->readable);
            sbd_device_close(&d);
        }
    }
}

static void
learn_watchdog(const struct sbd_options *o, struct sbd_check_facts *f)
{
    static char holder[32];
    static struct sbd_watchdog_info list[SBD_MAX_WATCHDOGS];
    unsigned n = sbd_watchdog_discover(list, SBD_MAX_WATCHDOGS, false);
    struct stat st;

    f->watchdog_used = sbd_has_watchdog(o);
    f->watchdog = o->watchdog;
    f->watchdog_exists = stat(o->watchdog, &st) == 0;
    f->watchdog_max_s = sbd_watchdog_max_timeout(o->watchdog);
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(list[i].path, o->watchdog) == 0) {
            f->watchdog_is_soft = strcmp(list[i].driver, "softdog") == 0;
        }
    }
    if (f->watchdog_used && f->watchdog_exists) {
        f->holder = sbd_watchdog_holder(o->watchdog, holder);
        if (strcmp(holder, "sbd") == 0) {
            f->holder = 0;
        }
        f->holder_name = holder;
    }
}

static void
learn_node(const struct sbd_options *o, struct sbd_check_facts *f)
{
    memset(f, 0, sizeof(*f));
    f->watchdog_s = o->watchdog_s;
    f->io_s = o->io_s;
    f->sync_set = o->sync_startup_set;
    learn_disks(o, f);
    learn_watchdog(o, f);
}

/* --- the cluster --- */

static const char *
option(const xmlNode *cib, const char *name)
{
    const xmlNode *configuration = xml_first(cib, "configuration");
    const xmlNode *section = configuration != NULL ? xml_first(configuration, "crm_config") : NULL;

    if (section != NULL) {
        xml_for_each(set, section, "cluster_property_set")
        {
            const xmlNode *pair = xml_find(set, "nvpair", "name", name);

            if (pair != NULL) {
                return xml_get(pair, "value");
            }
        }
    }
    return NULL;
}

/* Is there a fence device that uses the disks, at any depth of the resources? */
static bool
uses_disks(const xmlNode *parent)
{
    xml_for_each(child, parent, NULL)
    {
        const char *type = xml_get(child, "type");

        if (xml_is(child, "primitive") && text_equal(xml_get(child, "class"), "stonith") &&
            text_is_one_of(type, "external/sbd", "fence_sbd", NULL)) {
            return true;
        }
        if (uses_disks(child)) {
            return true;
        }
    }
    return false;
}

static void
learn_cluster(const xmlNode *cib, struct sbd_check_facts *f)
{
    const char *enabled = option(cib, "stonith-enabled"), *timeout = option(cib, "stonith-timeout");
    const char *watchdog = option(cib, "stonith-watchdog-timeout");
    const xmlNode *configuration = xml_first(cib, "configuration");
    const xmlNode *resources = configuration != NULL ? xml_first(configuration, "resources") : NULL;

    f->knows_cluster = true;
    f->stonith_enabled = enabled == NULL || text_boolean(enabled) != 0;
    f->stonith_timeout_s = DEFAULT_STONITH_TIMEOUT_S;
    if (timeout != NULL && text_interval_ms(timeout) >= 0) {
        f->stonith_timeout_s = (unsigned)(text_interval_ms(timeout) / 1000);
    }
    if (watchdog != NULL) {
        f->stonith_watchdog_timeout_ms = watchdog[0] == '-' ? -1 : text_interval_ms(watchdog);
    }
    f->has_sbd_device = resources != NULL && uses_disks(resources);
}

static void
learn_corosync(struct sbd_check_facts *f)
{
    cmap_handle_t cmap;
    char *model = NULL;
    uint32_t sync_ms = 30000;
    g_autoptr(GArray) nodes = NULL;

    if (cmap_initialize(&cmap) != CS_OK) {
        return;
    }
    f->knows_corosync = true;
    f->qdevice = cmap_get_string(cmap, "quorum.device.model", &model) == CS_OK && model[0] != '\0';
    free(model);
    if (cmap_get_uint32(cmap, "quorum.device.sync_timeout", &sync_ms) == CS_OK || f->qdevice) {
        f->sync_timeout_s = sync_ms / 1000;
    }
    cmap_finalize(cmap);
    nodes = cluster_nodelist();
    f->nodes = nodes->len;
}

/* --- saying it --- */

static void
log_findings(const struct sbd_finding *findings, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        sbd_log(findings[i].level == SBD_FINDING_ERROR ? LOG_ERR : LOG_WARNING, "Check: %s",
                findings[i].text);
    }
}

void
sbd_check_log(const struct sbd_options *o)
{
    struct sbd_finding findings[SBD_MAX_FINDINGS];
    struct sbd_check_facts f;

    learn_node(o, &f);
    f.sync_set = true; /* the start says that in more words */
    log_findings(findings, sbd_check(&f, findings));
}

/* The watcher runs with what is found at the start already said: only what comes in addition is of
 * interest. */
void
sbd_check_log_cluster(const struct sbd_options *o, const xmlNode *cib)
{
    struct sbd_finding findings[SBD_MAX_FINDINGS];
    struct sbd_check_facts f = {
        .watchdog_s = o->watchdog_s,
        .io_s = o->io_s,
        .sync_set = true,
        .watchdog_used = true,
        .watchdog_exists = true,
        .n_disks = o->n_devices,
    };

    for (unsigned i = 0; i < o->n_devices; i++) {
        f.disks[i] = (struct sbd_check_disk){
            .name = o->devices[i],
            .readable = true,
            .header = { .major = 2,
                        .minor = 1,
                        .slots = SBD_SLOTS,
                        .watchdog_s = o->watchdog_s,
                        .allocate_s = o->allocate_s,
                        .loop_s = o->loop_s,
                        .msgwait_s =
                            o->msgwait_s >= sbd_needed_msgwait(o->watchdog_s, o->io_s, o->loop_s)
                                ? o->msgwait_s
                                : sbd_needed_msgwait(o->watchdog_s, o->io_s, o->loop_s) },
        };
    }
    learn_cluster(cib, &f);
    learn_corosync(&f);
    log_findings(findings, sbd_check(&f, findings));
}

int
sbd_tool_check(const struct sbd_options *o)
{
    struct sbd_finding findings[SBD_MAX_FINDINGS];
    struct sbd_check_facts f;
    struct cib_client *client = cib_client_new();
    xmlNode *cib = NULL;
    unsigned n, errors = 0;

    learn_node(o, &f);
    if (cib_client_connect(client, "sbd", CIB_ENDPOINT_QUERY, CIB_CONNECT_SYNC_ONLY) == RC_OK) {
        struct cib_request r = { .op = CIB_OP_QUERY, .options = CIB_OPT_LOCAL };

        if (cib_call(client, &r, CIB_TIMEOUT_S, &cib) == RC_OK && cib != NULL) {
            learn_cluster(cib, &f);
        }
    }
    learn_corosync(&f);
    n = sbd_check(&f, findings);
    for (unsigned i = 0; i < n; i++) {
        bool error = findings[i].level == SBD_FINDING_ERROR;

        errors += error;
        printf("%s: %s\n", error ? "error" : "warning", findings[i].text);
    }
    if (!f.knows_cluster) {
        puts("note: the cluster's options were not judged: Pacemaker does not run here "
             "(CIB_file=FILE judges a file)");
    }
    if (!f.knows_corosync) {
        puts("note: nodes and qdevice were not judged: Corosync does not run here");
    }
    printf("%u error(s), %u warning(s)\n", errors, n - errors);
    xml_free(cib);
    cib_client_free(client);
    return errors > 0;
}
