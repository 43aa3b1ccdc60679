/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold.  Always: a resource never becomes active on a second host, and nobody is called fenced who lives on.  Once the faults are over and the cluster had the time to
 * settle: one DC, one writer, the same attributes everywhere and in the CIB, the same CIB everywhere, every resource active
 * once, nothing left to do for the scheduler, and no acknowledged change of the configuration lost.
 */
#include "cts/sim/sim.h"

#include "daemons/attrd/attrd_core.h"
#include "daemons/controld/controld_core.h"
#include "daemons/schedulerd/schedulerd_core.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_digest.h"
#include "lib/cib/cib_doc.h"
#include "lib/ipc/ipc_fields.h"

#include <string.h>

#define TIME_TO_TELL (5 * SIM_S)
/* SBD's watchers look every second, and one that was silent for another two is not believed any more; then the watchdog's time passes. */
#define TIME_TO_SEE (3500 * SIM_MS)
#define TIME_TO_DIE (SIM_WATCHDOG_S * SIM_S)

/* --- always --- */

void
sim_check_started(struct sim_node *n, const char *rsc)
{
    struct sim *s = n->sim;

    if (!g_strv_contains(sim_services, rsc)) {
        return; /* the monitor of a fence device may run anywhere */
    }
    n->at_work = n->boots;
    for (unsigned i = 0; i < s->n_nodes; i++) {
        if (&s->node[i] != n && sim_exec_is_active(&s->node[i], rsc)) {
            sim_fail(s, "%s was started on %s while it is active on %s", rsc, n->name, s->node[i].name);
        }
    }
}

/* Whose controller has ended is not taken for one that runs, once the network has had time to tell. */
static void
check_departures(struct sim *s)
{
    for (unsigned i = 0; i < s->n_nodes; i++) {
        struct sim_node *n = &s->node[i];

        if (!n->running[SIM_CTL] || s->now < n->since[SIM_CTL] + TIME_TO_TELL) {
            continue;
        }
        for (unsigned k = 0; k < s->n_nodes; k++) {
            const struct sim_node *gone = &s->node[k];
            const struct peer *p = peers_find(ctl_peers((struct controld *)sim_ctl_core(n)), gone->id, NULL);

            if (!gone->running[SIM_CTL] && s->now >= gone->since[SIM_CTL] + TIME_TO_TELL && p != NULL && (p->processes & PEER_PROC_CPG)) {
                sim_fail(s, "%s takes %s for active, whose controller ended long ago", n->name, gone->name);
            }
        }
    }
}

/* Does it read too few disks to see what is written for it? */
static bool
is_blind(const struct sim_node *n)
{
    const struct sim *s = n->sim;
    unsigned broken = 0;

    for (unsigned d = 0; d < s->n_disks; d++) {
        broken += (s->disk_paths_broken[d] >> n->index) & 1;
    }
    return s->n_disks > 0 && s->n_disks - broken < (s->n_disks == 3 ? 2 : 1);
}

void
sim_check_paths(struct sim_node *n)
{
    if (!is_blind(n)) {
        n->blind_since = n->lost_since = n->doomed = 0;
    } else if (n->blind_since == 0) {
        n->blind_since = n->sim->now;
    }
}

/* Its controller has found a cluster since it started. */
static bool
has_joined(const struct sim_node *n)
{
    return n->running[SIM_CTL] && !text_is_one_of(ctl_state_name(sim_ctl_core(n)), "S_STARTING", "S_PENDING", NULL);
}

/*
 * Who has had neither its disks nor a cluster with quorum for so long that its watchers saw it, is not fed again before it reads its disks:
 * it goes down even if the cluster is back.
 */
static void
check_blind(struct sim_node *n)
{
    struct sim *s = n->sim;

    if (!n->up || !sim_sbd_is_armed(n) || n->blind_since == 0) {
        n->lost_since = n->doomed = 0;
    } else if (n->doomed != 0) {
        if (s->now >= n->doomed) {
            sim_fail(s, "%s lives on, which lost the cluster and its disks together", n->name);
        }
    } else if (sim_net_quorate(n)) {
        n->lost_since = 0;
    } else {
        n->lost_since = n->lost_since != 0 ? n->lost_since : s->now;
        if (s->now >= MAX(n->lost_since, n->blind_since) + TIME_TO_SEE) {
            n->doomed = s->now + TIME_TO_DIE;
        }
    }
}

/* It has joined a cluster that may do something. */
static bool
is_with_quorum(const struct sim_node *n)
{
    return n->running[SIM_CTL] && sim_net_quorate(n)
           && text_is_one_of(ctl_state_name(sim_ctl_core(n)), "S_NOT_DC", "S_IDLE", "S_TRANSITION_ENGINE", "S_POLICY_ENGINE", NULL);
}

void
sim_check_step(struct sim *s)
{
    if (s->config.with_controller && s->now >= s->next_check) {
        s->next_check = s->now + 500 * SIM_MS;
        for (unsigned i = 0; i < s->n_nodes; i++) {
            check_blind(&s->node[i]);
            s->node[i].at_work = is_with_quorum(&s->node[i]) ? s->node[i].boots : s->node[i].at_work;
        }
        if (s->now >= s->rewired + TIME_TO_TELL) {
            check_departures(s);
        }
    }
}

/* One fencing operation, of a host that was at work when it began. */
struct fencing {
    char *id, *target;
    unsigned boots; /* of the target, when the operation began that this one may have been merged with */
    uint64_t begun;
    bool over;
};

#define LONGEST_FENCING (200 * SIM_S) /* whose originator died is never over */

static void
fencing_free(gpointer data)
{
    struct fencing *f = data;

    g_free(f->id);
    g_free(f->target);
    g_free(f);
}

static struct fencing *
find_fencing(const struct sim *s, const char *id)
{
    for (guint i = 0; s->fencings != NULL && i < s->fencings->len; i++) {
        struct fencing *f = g_ptr_array_index(s->fencings, i);

        if (text_equal(f->id, id)) {
            return f;
        }
    }
    return NULL;
}

/*
 * A host that has just booted is as good as fenced: nothing of its former life is left, and nothing new is there before it has joined a
 * cluster with quorum.  SBD, too, lets one live that never had quorum; without disks there is nobody else to tell it.
 */
static bool
is_at_work(const struct sim_node *n)
{
    bool active = false;

    for (unsigned i = 0; sim_services[i] != NULL; i++) {
        active = active || sim_exec_is_active(n, sim_services[i]);
    }
    return n->up && (active || (n->at_work == n->boots && has_joined(n) && !sim_sbd_awaits_quorum(n)));
}

/*
 * A host that reads too few disks does not see that it is told to reset itself.  Its cluster vouches for it, unless its watchers notice that
 * they lost the cluster (then check_blind() wants it down); for what else it may be fenced (its controller died; a loss too short to be
 * noticed) they do not.  A known limit.
 */
static bool
cannot_be_told(const struct sim_node *n)
{
    return is_blind(n) && n->doomed == 0;
}

void
sim_check_fencing_begins(struct sim *s, const char *id, const char *target)
{
    const struct sim_node *n = target != NULL ? sim_node_by_name(s, target) : NULL;
    struct fencing *f;

    if (n == NULL || !is_at_work(n) || find_fencing(s, id) != NULL) {
        return;
    }
    f = g_new0(struct fencing, 1);
    *f = (struct fencing){ .id = g_strdup(id), .target = g_strdup(n->name), .boots = n->boots, .begun = s->now };
    if (s->fencings == NULL) {
        s->fencings = g_ptr_array_new_with_free_func(fencing_free);
    }
    for (guint i = 0; i < s->fencings->len; i++) {
        const struct fencing *other = g_ptr_array_index(s->fencings, i);

        if (!other->over && text_equal(other->target, f->target) && s->now - other->begun < LONGEST_FENCING) {
            f->boots = MIN(f->boots, other->boots);
        }
    }
    g_ptr_array_add(s->fencings, f);
}

void
sim_check_fencing_over(struct sim *s, const char *id, bool success)
{
    struct fencing *f = find_fencing(s, id);
    const struct sim_node *n;

    if (f == NULL) {
        return;
    }
    f->over = true;
    n = sim_node_by_name(s, f->target);
    if (success && n->up && n->boots == f->boots && !cannot_be_told(n)) {
        sim_fail(s, "%s is called fenced and lives on", n->name);
    }
}

void
sim_check_free(struct sim *s)
{
    if (s->fencings != NULL) {
        g_ptr_array_unref(s->fencings);
    }
}

/* --- attributes --- */

struct lines {
    GPtrArray *texts;
    bool only_public;
};

static void
add_value(const char *name, const char *node, const char *value, bool is_private, void *data)
{
    struct lines *l = data;

    if (value != NULL && (!is_private || !l->only_public)) {
        g_ptr_array_add(l->texts, g_strdup_printf("%s[%s]=%s", name, node, value));
    }
}

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
join_sorted(GPtrArray *texts)
{
    g_ptr_array_sort(texts, compare_texts);
    g_ptr_array_add(texts, NULL);
    return g_strjoinv(" ", (char **)texts->pdata);
}

static char *
attribute_table(const struct sim_node *n, bool only_public)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    struct lines l = { texts, only_public };

    attrd_core_foreach(sim_attrd_core(n), add_value, &l);
    return join_sorted(texts);
}

/* What the CIB says of transient attributes, in the same form. */
static char *
attributes_in_cib(struct sim *s, const xmlNode *cib)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    const xmlNode *status = xml_first(cib, "status");

    for (const xmlNode *state = status != NULL ? xml_first(status, "node_state") : NULL; state != NULL;
         state = xml_next(state, "node_state")) {
        long long id = xml_get_int(state, "id", 0);

        xml_for_each(transient, state, "transient_attributes")
        {
            xml_for_each(set, transient, "instance_attributes")
            {
                xml_for_each(pair, set, "nvpair")
                {
                    g_ptr_array_add(texts, g_strdup_printf("%s[%s]=%s", xml_get(pair, "name"),
                                                           id >= 1 && id <= s->n_nodes ? s->node[id - 1].name : xml_id(state),
                                                           xml_get(pair, "value")));
                }
            }
        }
    }
    return join_sorted(texts);
}

/* Values of names that are no node have no place in the CIB. */
static char *
without_ghosts(const char *table)
{
    g_auto(GStrv) words = g_strsplit(table, " ", -1);
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; words[i] != NULL; i++) {
        if (strstr(words[i], "[ghost]") == NULL) {
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", words[i]);
        }
    }
    return g_string_free(text, FALSE);
}

static char *
check_attributes(struct sim *s)
{
    g_autofree char *first = attribute_table(&s->node[0], false);
    unsigned writers = 0;

    for (unsigned i = 0; i < s->n_nodes; i++) {
        const struct attrd_core *core = sim_attrd_core(&s->node[i]);
        g_autofree char *table = attribute_table(&s->node[i], false);

        if (!attrd_core_is_quiet(core)) {
            return g_strdup_printf("attrd of %s is not quiet", s->node[i].name);
        }
        writers += attrd_core_is_writer(core);
        if (!text_equal(attrd_core_writer(core), attrd_core_writer(sim_attrd_core(&s->node[0])))) {
            return g_strdup_printf("%s takes %s for the writer, %s takes %s", s->node[0].name,
                                   attrd_core_writer(sim_attrd_core(&s->node[0])), s->node[i].name, attrd_core_writer(core));
        }
        if (strcmp(first, table) != 0) {
            return g_strdup_printf("attributes differ:\n  %s: %s\n  %s: %s", s->node[0].name, first, s->node[i].name, table);
        }
    }
    return writers == 1 ? NULL : g_strdup_printf("there are %u attribute writers", writers);
}

/* --- the CIB --- */

static char *
check_cibs(struct sim *s)
{
    const xmlNode *a = sim_cib_document(&s->node[0]);
    g_autofree char *first = cib_digest_versioned(a, FEATURE_SET);
    struct cib_version version = cib_version_of(a);

    for (unsigned i = 1; i < s->n_nodes; i++) {
        const xmlNode *b = sim_cib_document(&s->node[i]);
        struct cib_version its = cib_version_of(b);
        g_autofree char *other = cib_version_compare(&version, &its) == 0 ? cib_digest_versioned(b, FEATURE_SET) : NULL;

        if (!text_equal(first, other)) {
            return g_strdup_printf("CIBs differ: %s has %s.%s.%s, %s has %s.%s.%s", s->node[0].name, xml_get(a, "admin_epoch"),
                                   xml_get(a, "epoch"), xml_get(a, "num_updates"), s->node[i].name,
                                   xml_get(b, "admin_epoch"), xml_get(b, "epoch"), xml_get(b, "num_updates"));
        }
    }
    return NULL;
}

static char *
check_attributes_in_cib(struct sim *s)
{
    g_autofree char *table = attribute_table(&s->node[0], true);
    g_autofree char *expected = without_ghosts(table);
    g_autofree char *found = attributes_in_cib(s, sim_cib_document(&s->node[0]));

    return strcmp(expected, found) == 0 ? NULL : g_strdup_printf("attributes and CIB differ:\n  attrd: %s\n  CIB:   %s", expected, found);
}

struct promise {
    const xmlNode *set;
    unsigned missing;
};

static void
look_for(unsigned number, void *data)
{
    struct promise *p = data;
    g_autofree char *id = g_strdup_printf("user-%u", number);

    if (p->missing == 0 && (p->set == NULL || xml_find(p->set, "nvpair", "id", id) == NULL)) {
        p->missing = number;
    }
}

static char *
check_promises(struct sim *s)
{
    const xmlNode *config = xml_first(xml_first(sim_cib_document(&s->node[0]), "configuration"), "crm_config");
    struct promise p = { .set = xml_find(config, "cluster_property_set", "id", "user") };

    sim_world_foreach_promised(s, look_for, &p);
    return p.missing == 0 ? NULL : g_strdup_printf("acknowledged change %u of the configuration is lost", p.missing);
}

/* --- the controller --- */

static char *
check_controllers(struct sim *s)
{
    unsigned dcs = 0;

    for (unsigned i = 0; i < s->n_nodes; i++) {
        const struct controld *c = sim_ctl_core(&s->node[i]);
        const char *expected = ctl_is_dc(c) ? "S_IDLE" : "S_NOT_DC";

        dcs += ctl_is_dc(c);
        if (strcmp(ctl_state_name(c), expected) != 0) {
            return g_strdup_printf("controller of %s is in %s", s->node[i].name, ctl_state_name(c));
        }
        if (ctl_dc_name(c) == NULL || !text_equal(ctl_dc_name(c), ctl_dc_name(sim_ctl_core(&s->node[0])))) {
            return g_strdup_printf("%s does not follow the same DC as %s", s->node[i].name, s->node[0].name);
        }
    }
    return dcs == 1 ? NULL : g_strdup_printf("there are %u DCs", dcs);
}

static char *
check_resources(struct sim *s)
{
    for (unsigned r = 0; sim_services[r] != NULL; r++) {
        unsigned active = 0;

        for (unsigned i = 0; i < s->n_nodes; i++) {
            active += sim_exec_is_active(&s->node[i], sim_services[r]);
        }
        if (active != 1) {
            return g_strdup_printf("%s is active on %u nodes", sim_services[r], active);
        }
    }
    return NULL;
}

/* The scheduler has nothing to do any more. */
static char *
check_schedule(struct sim *s)
{
    struct schedulerd *d = schedulerd_new();
    struct ctl_refs refs = { 0 };
    const struct ctl_request r = { .task = CRM_TASK_PE_CALC, .sys_to = SYS_SCHEDULER, .sys_from = SYS_DC,
                                   .data = sim_cib_document(&s->node[0]) };
    xmlNode *request = ctl_request_new(&refs, &r);
    struct schedulerd_answer answer = { 0 };
    g_autoptr(GString) actions = g_string_new(NULL);

    schedulerd_request(d, sim_epoch(s), request, &answer);
    if (answer.reply != NULL) {
        xml_for_each(synapse, msg_data(answer.reply, F_CRM_XML), "synapse")
        {
            xml_for_each(action, xml_first(synapse, "action_set"), NULL)
            {
                const char *node = xml_get(action, "on_node");

                g_string_append_printf(actions, " %s%s%s", xml_get(action, "operation_key"), node != NULL ? " on " : "",
                                       node != NULL ? node : "");
            }
        }
    }
    xml_free(answer.reply);
    xml_free(request);
    schedulerd_free(d);
    return actions->len == 0 ? NULL : g_strdup_printf("the scheduler asks for:%s", actions->str);
}

char *
sim_check_settled(struct sim *s)
{
    typedef char *check_fn(struct sim *s);
    static check_fn *const checks[] = { check_controllers, check_attributes, check_cibs, check_attributes_in_cib,
                                        check_resources, check_schedule };
    char *wrong;

    if (!sim_net_settled(s)) {
        return g_strdup("the network does not come to rest");
    }
    for (unsigned i = 0; i < s->n_nodes; i++) {
        for (unsigned d = 0; d < SIM_DAEMONS; d++) {
            if (sim_daemon_exists(s, d) && !s->node[i].running[d]) {
                return g_strdup_printf("%s of %s does not run", sim_daemon_names[d], s->node[i].name);
            }
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(checks); i++) {
        if (!s->config.with_controller && checks[i] != check_attributes) {
            continue; /* nobody brings CIBs together, nobody runs resources */
        }
        wrong = checks[i](s);
        if (wrong != NULL) {
            return wrong;
        }
    }
    wrong = s->config.with_controller ? check_promises(s) : NULL;
    if (wrong != NULL) {
        sim_fail(s, "%s", wrong);
        g_free(wrong);
    }
    return NULL;
}
