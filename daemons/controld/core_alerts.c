/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alerts: who wants to know of what, and the environment an alert agent gets.  Called when nodes change, fencing is
 * reported, or an operation has a result.
 * Never runs an agent: the executor does.  (spec 30 §19, spec 50 §11)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"

#include <string.h>
#include <time.h>

#define DEFAULT_FORMAT  "%H:%M:%S.%06N"
#define DEFAULT_TIMEOUT 30000

void
alert_entry_free(gpointer data)
{
    struct alert_entry *e = data;

    g_free(e->id);
    g_free(e->path);
    g_free(e->recipient);
    g_free(e->format);
    g_ptr_array_unref(e->env);
    g_free(e);
}

/* ---- configuration ---- */

static unsigned
selected(const xmlNode *select)
{
    unsigned flags = 0;

    if (xml_first(select, "select_nodes") != NULL) {
        flags |= ALERT_NODES;
    }
    if (xml_first(select, "select_fencing") != NULL) {
        flags |= ALERT_FENCING;
    }
    if (xml_first(select, "select_resources") != NULL) {
        flags |= ALERT_RESOURCES;
    }
    return flags;
}

/* Meta attributes of an alert or a recipient, over what is there. */
static void
read_meta(const struct controld *c, struct alert_entry *e, const xmlNode *xml)
{
    g_autoptr(GHashTable) t = options_read_sets(c, xml, "meta_attributes", NULL);
    const char *value = g_hash_table_lookup(t, "timeout");

    if (value != NULL) {
        e->timeout_ms = text_interval_ms(value);
        if (e->timeout_ms <= 0) {
            log_warn("Invalid timeout '%s' of alert %s: using %ds", value, e->id, DEFAULT_TIMEOUT / 1000);
            e->timeout_ms = DEFAULT_TIMEOUT;
        }
    }
    value = g_hash_table_lookup(t, "timestamp-format");
    if (value != NULL) {
        g_free(e->format);
        e->format = g_strdup(value);
    }
}

/* Variables of the first set of instance attributes, taken literally. */
static void
read_env(struct alert_entry *e, const xmlNode *xml)
{
    const xmlNode *set = xml_first(xml, "instance_attributes");

    if (set == NULL) {
        return;
    }
    xml_for_each (pair, set, "nvpair") {
        const char *name = xml_get(pair, "name"), *value = xml_get(pair, "value");

        if (name != NULL) {
            g_ptr_array_add(e->env, g_strdup(name));
            g_ptr_array_add(e->env, g_strdup(value != NULL ? value : ""));
        }
    }
}

static struct alert_entry *
read_alert(const struct controld *c, const xmlNode *alert, const xmlNode *recipient)
{
    struct alert_entry *e = g_new0(struct alert_entry, 1);
    const xmlNode *select = xml_first(alert, "select");

    e->id = g_strdup(recipient != NULL ? xml_id(recipient) : xml_id(alert));
    e->path = g_strdup(xml_get(alert, "path"));
    e->recipient = g_strdup(recipient != NULL ? xml_get(recipient, "value") : NULL);
    e->format = g_strdup(DEFAULT_FORMAT);
    e->timeout_ms = DEFAULT_TIMEOUT;
    e->env = g_ptr_array_new_with_free_func(g_free);
    read_meta(c, e, alert);
    read_env(e, alert);
    if (recipient != NULL) {
        read_meta(c, e, recipient);
        read_env(e, recipient);
        if (xml_first(recipient, "select") != NULL) {
            select = xml_first(recipient, "select");
        }
    }
    e->flags = select != NULL ? selected(select) : ALERT_NODES | ALERT_FENCING | ALERT_RESOURCES;
    return e;
}

void
alerts_read(struct controld *c, const xmlNode *alerts)
{
    g_ptr_array_set_size(c->alerts, 0);
    if (alerts == NULL) {
        return;
    }
    xml_for_each (alert, alerts, "alert") {
        bool any = false;

        if (xml_id(alert) == NULL || xml_get(alert, "path") == NULL) {
            continue;
        }
        xml_for_each (recipient, alert, "recipient") {
            any = true;
            g_ptr_array_add(c->alerts, read_alert(c, alert, recipient));
        }
        if (!any) {
            g_ptr_array_add(c->alerts, read_alert(c, alert, NULL));
        }
    }
}

/* ---- sending ---- */

static void
add(GHashTable *env, const char *name, const char *value)
{
    g_hash_table_replace(env, g_strdup_printf("CRM_alert_%s", name), g_strdup(value != NULL ? value : ""));
    g_hash_table_replace(env, g_strdup_printf("CRM_notify_%s", name), g_strdup(value != NULL ? value : ""));
}

static void
add_int(GHashTable *env, const char *name, long long value)
{
    char text[24];

    g_snprintf(text, sizeof text, "%lld", value);
    add(env, name, text);
}

/* The time by a strftime() format that also knows %N and %0nN, fractions of a second. */
char *
alert_timestamp(const char *format, int64_t epoch_us)
{
    g_autoptr(GString) plain = g_string_new(NULL);
    time_t seconds = (time_t)(epoch_us / G_USEC_PER_SEC);
    struct tm tm;
    char buffer[512];

    for (const char *p = format; *p != '\0'; p++) {
        if (*p == '%' && p[1] == '%') {
            g_string_append(plain, "%%");
            p++;
        } else if (*p == '%') {
            const char *q = p + 1;
            int width = 0;

            for (; g_ascii_isdigit(*q); q++) {
                width = MIN(width * 10 + (*q - '0'), 9);
            }
            if (*q == 'N') {
                char digits[16];

                g_snprintf(digits, sizeof digits, "%06d000", (int)(epoch_us % G_USEC_PER_SEC));
                g_string_append_len(plain, digits, width > 0 ? width : 9);
                p = q;
            } else {
                g_string_append_c(plain, '%');
            }
        } else {
            g_string_append_c(plain, *p);
        }
    }
    localtime_r(&seconds, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (strftime(buffer, sizeof buffer, plain->str, &tm) == 0) {
        buffer[0] = '\0';
    }
#pragma GCC diagnostic pop
    return g_strdup(buffer);
}

/* Send to everybody who wants this kind; `facts` are name, value pairs. */
static void
send_alerts(struct controld *c, unsigned flag, const char *kind, GHashTable *facts)
{
    for (unsigned i = 0; i < c->alerts->len; i++) {
        const struct alert_entry *a = c->alerts->pdata[i];
        struct ctl_effect *e;
        g_autofree char *stamp = NULL;
        GHashTableIter iter;
        gpointer name, value;
        char usec[8];

        if (!(a->flags & flag)) {
            continue;
        }
        e = effect_new(c, CTL_EXEC_ALERT);
        e->rsc = g_strdup(a->id);
        e->text = g_strdup(a->path);
        e->timeout_ms = a->timeout_ms;
        e->params = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        add(e->params, "kind", kind);
        add(e->params, "version", CRM_VERSION);
        add(e->params, "recipient", a->recipient);
        stamp = alert_timestamp(a->format, c->now.epoch_us);
        add(e->params, "timestamp", stamp);
        add_int(e->params, "timestamp_epoch", now_epoch(c));
        g_snprintf(usec, sizeof usec, "%06d", (int)(c->now.epoch_us % G_USEC_PER_SEC));
        add(e->params, "timestamp_usec", usec);
        g_hash_table_iter_init(&iter, facts);
        while (g_hash_table_iter_next(&iter, &name, &value)) {
            g_hash_table_replace(e->params, g_strdup(name), g_strdup(value));
        }
        for (unsigned k = 0; k + 1 < a->env->len; k += 2) {
            g_hash_table_replace(e->params, g_strdup(a->env->pdata[k]), g_strdup(a->env->pdata[k + 1]));
        }
    }
}

static GHashTable *
new_facts(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void
alert_node(struct controld *c, const struct peer *p)
{
    g_autoptr(GHashTable) facts = NULL;

    if (c->alerts->len == 0) {
        return;
    }
    facts = new_facts();
    add(facts, "node", p->name);
    add_int(facts, "nodeid", p->id);
    add(facts, "desc", peer_state_text(p->state));
    send_alerts(c, ALERT_NODES, "node", facts);
}

void
alert_fencing(struct controld *c, const struct ctl_fence_event *event)
{
    g_autoptr(GHashTable) facts = NULL;
    g_autofree char *desc = NULL;

    if (c->alerts->len == 0) {
        return;
    }
    facts = new_facts();
    desc = g_strdup_printf("Operation %s of %s by %s for %s@%s: %s (ref=%s)", event->action, event->target,
                           event->executor != NULL ? event->executor : "<no-one>", event->client, event->origin,
                           event->status == EXEC_DONE && event->rc == 0 ? "OK" : exec_status_text(event->status), event->id);
    add(facts, "node", event->target);
    add(facts, "task", "st_notify_fence");
    add(facts, "desc", desc);
    add_int(facts, "rc", event->rc);
    send_alerts(c, ALERT_FENCING, "fencing", facts);
}

void
alert_resource(struct controld *c, const struct op_record *op)
{
    g_autoptr(GHashTable) facts = NULL;
    int target = 0;

    if (c->alerts->len == 0) {
        return;
    }
    if (op->userdata != NULL) {
        transition_key_parse(op->userdata, NULL, NULL, &target, NULL);
    }
    if (op->interval_ms == 0 && op->status == EXEC_DONE && op->rc == target && text_equal(op->action, "monitor")) {
        return; /* a probe that found what was expected */
    }
    facts = new_facts();
    add(facts, "node", c->cfg.node_name);
    add(facts, "rsc", op->rsc);
    add(facts, "task", op->action);
    add_int(facts, "interval", op->interval_ms);
    add_int(facts, "target_rc", target);
    add_int(facts, "status", op->status);
    add_int(facts, "rc", op->rc);
    add(facts, "desc", op->status == EXEC_DONE ? ocf_rc_text(op->rc) : exec_status_text(op->status));
    add_int(facts, "exec_time", op->status == EXEC_TIMEOUT && op->exec_ms == 0 ? op->timeout_ms : (long long)op->exec_ms);
    send_alerts(c, ALERT_RESOURCES, "resource", facts);
}
