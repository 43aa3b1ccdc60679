/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See execd_world.h. */
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/lrmd_protocol.h"

#include "daemons/execd/tests/execd_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void
drain(struct world *w)
{
    struct execd_effect *e;

    while ((e = execd_core_take_effect(w->core)) != NULL) {
        switch (e->kind) {
        case EXECD_REPLY:
            w->rc = (int) xml_get_int(e->xml, LRMD_FIELD_RC, NO_REPLY);
            xml_free(w->reply);
            w->reply = e->xml;
            e->xml = NULL;
            execd_effect_free(e);
            break;
        case EXECD_NOTIFY:
            g_ptr_array_add(w->events, e);
            break;
        case EXECD_RUN:
        case EXECD_RUN_FENCE:
            g_ptr_array_add(w->runs, e);
            break;
        case EXECD_KILL:
        case EXECD_CANCEL_FENCE:
            g_ptr_array_add(w->kills, GUINT_TO_POINTER(e->run_id));
            execd_effect_free(e);
            break;
        case EXECD_ALERT:
            g_ptr_array_add(w->alerts, e);
            break;
        default:
            w->providers += e->kind == EXECD_PROVIDER;
            w->proxied += e->kind == EXECD_PROXY;
            execd_effect_free(e);
            break;
        }
    }
}

int
setup(void **state)
{
    struct world *w = g_new0(struct world, 1);

    w->core = execd_core_new(false);
    w->now = (struct execd_now) { .ms = 1000000, .epoch = 1700000000 };
    w->events = g_ptr_array_new_with_free_func((GDestroyNotify) execd_effect_free);
    w->runs = g_ptr_array_new_with_free_func((GDestroyNotify) execd_effect_free);
    w->kills = g_ptr_array_new();
    w->alerts = g_ptr_array_new_with_free_func((GDestroyNotify) execd_effect_free);
    execd_core_client_connected(w->core, "A", 100, true);
    drain(w);
    g_ptr_array_set_size(w->events, 0);
    *state = w;
    return 0;
}

int
teardown(void **state)
{
    struct world *w = *state;

    execd_core_free(w->core);
    xml_free(w->reply);
    g_ptr_array_unref(w->events);
    g_ptr_array_unref(w->runs);
    g_ptr_array_unref(w->kills);
    g_ptr_array_unref(w->alerts);
    g_free(w);
    return 0;
}

int
ask(struct world *w, const char *client, const char *text)
{
    g_autoptr(xmlNode) xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    assert_non_null(xml);
    w->rc = NO_REPLY;
    execd_core_request(w->core, w->now, client, xml);
    drain(w);
    return w->rc;
}

int
ask_with(struct world *w, const char *client, const char *op, const char *data_format, ...)
{
    va_list ap;
    g_autofree char *data = NULL, *text = NULL;

    va_start(ap, data_format);
    data = g_strdup_vprintf(data_format, ap);
    va_end(ap);
    text = g_strdup_printf("<lrmd_command lrmd_op='%s' %s</lrmd_command>", op, data);
    return ask(w, client, text);
}

void
register_rsc(struct world *w, const char *id, unsigned options)
{
    assert_int_equal(ask_with(w, "A", "lrmd_rsc_register",
                              "lrmd_callopt='%u'><lrmd_calldata><lrmd_rsc lrmd_rsc_id='%s' lrmd_class='ocf' "
                              "lrmd_provider='p' lrmd_type='T'/></lrmd_calldata>",
                              options, id),
                     0);
    g_ptr_array_set_size(w->events, 0);
}

int
execute(struct world *w, struct request r)
{
    return ask_with(w, r.client ? r.client : "A", "lrmd_rsc_exec",
                    "lrmd_callopt='%u'><lrmd_calldata><lrmd_rsc lrmd_rsc_id='%s' lrmd_rsc_action='%s' "
                    "lrmd_rsc_userdata_str='%s' lrmd_rsc_interval='%u' lrmd_timeout='20000' lrmd_rsc_start_delay='%u'>"
                    "<attributes a='b'><param name='9x' value='y'/></attributes></lrmd_rsc></lrmd_calldata>",
                    r.options, r.rsc ? r.rsc : "r", r.action, r.userdata ? r.userdata : "u", r.interval, r.delay);
}

int
cancel(struct world *w, const char *action, unsigned interval)
{
    return ask_with(w, "A", "lrmd_rsc_cancel",
                    "><lrmd_calldata><lrmd_rsc lrmd_rsc_id='r' lrmd_rsc_action='%s' lrmd_rsc_interval='%u'/></lrmd_calldata>",
                    action, interval);
}

int
unregister(struct world *w, const char *id)
{
    return ask_with(w, "A", "lrmd_rsc_unregister", "><lrmd_calldata><lrmd_rsc lrmd_rsc_id='%s'/></lrmd_calldata>", id);
}

void
pass(struct world *w, uint64_t ms)
{
    uint64_t end = w->now.ms + ms;

    while (execd_core_deadline(w->core) <= end) {
        w->now.ms = MAX(w->now.ms, execd_core_deadline(w->core));
        execd_core_tick(w->core, w->now);
        drain(w);
    }
    w->now.ms = end;
    w->now.epoch = 1700000000 + (int64_t) (end - 1000000) / 1000;
}

void
finish(struct world *w, int rc)
{
    const struct exec_result result = { .rc = rc, .raw = rc, .pid = 7 };
    struct execd_effect *run;

    assert_true(w->runs->len > 0);
    run = g_ptr_array_steal_index(w->runs, 0);
    execd_core_done(w->core, w->now, run->run_id, &result);
    execd_effect_free(run);
    drain(w);
}

const char *
event_get(struct world *w, unsigned i, const char *field)
{
    assert_true(i < w->events->len);
    return xml_get(((struct execd_effect *) w->events->pdata[i])->xml, field);
}

void
assert_result(struct world *w, unsigned i, int call_id, int rc, int status)
{
    assert_int_equal(atoi(event_get(w, i, LRMD_FIELD_CALL_ID)), call_id);
    assert_int_equal(atoi(event_get(w, i, LRMD_FIELD_EXEC_RC)), rc);
    assert_int_equal(atoi(event_get(w, i, LRMD_FIELD_EXEC_STATUS)), status);
}

void
assert_runs(struct world *w, const char *action)
{
    assert_int_equal(w->runs->len, 1);
    assert_string_equal(((struct execd_effect *) w->runs->pdata[0])->action, action);
}

void
forget_events(struct world *w)
{
    g_ptr_array_set_size(w->events, 0);
}
