/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clone notifications: the points in the order around each step, who is told, and what.  Pseudo-actions are made with
 * the clone's actions, the instances' own notifications when the graph is rendered, when everything is settled.
 * (spec 42 §9)
 */
#include "lib/sched/actions/internal.h"

/* The pseudo-actions around one step of a clone; NULL where there are none. */
struct notify_pair {
    const char *operation; /* start, stop, promote, demote */
    struct sched_action *pre, *pre_done, *post, *post_done;
};

static struct sched_action *
notify_pseudo(struct sched *s, struct sched_rsc *rsc, const char *type, const char *key_operation, const char *operation,
              const char *task, enum action_wanted wanted)
{
    char *key = arena_printf(s->arena, "%s_notify_%s", type, key_operation);
    struct sched_action *a = action_get_keyed(s, rsc, key, task, NULL, wanted);

    a->flags |= ACT_PSEUDO | ACT_RUNNABLE;
    action_set_meta(s, a, "notify_key_type", type);
    action_set_meta(s, a, "notify_key_operation", key_operation);
    action_set_meta(s, a, "notify_type", strstr(type, "pre") ? "pre" : "post");
    action_set_meta(s, a, "notify_operation", operation);
    return a;
}

struct sched_action *
action_find_keyed(struct sched *s, struct sched_rsc *rsc, const char *key, struct sched_node *node)
{
    return node ? action_on_exactly(s, rsc, key, 0, node) : action_newest(s, rsc, key, 0);
}

/* The four points around a step: told before, all have confirmed, told after, all have confirmed (spec 42 §9.1). */
void
notify_create_pseudo(struct sched *s, struct sched_rsc *clone, const char *before_task, struct sched_action *before,
                     const char *complete_task, struct sched_action *complete)
{
    enum action_wanted pre_wanted = act_is(before, ACT_OPTIONAL) ? WANT_OPTIONAL : WANT_REQUIRED;
    enum action_wanted post_wanted = act_is(complete, ACT_OPTIONAL) ? WANT_OPTIONAL : WANT_REQUIRED;
    struct sched_action *pre = notify_pseudo(s, clone, "pre", before_task, before_task, "notify", pre_wanted);
    struct sched_action *pre_done = notify_pseudo(s, clone, "confirmed-pre", before_task, before_task, "notified",
                                                  pre_wanted);
    struct sched_action *post = notify_pseudo(s, clone, "post", complete_task, before_task, "notify", post_wanted);
    struct sched_action *post_done = notify_pseudo(s, clone, "confirmed-post", complete_task, before_task, "notified",
                                                   post_wanted);

    relation_add(s, pre, pre_done, ORDER_ORD);
    relation_add(s, pre_done, before, ORDER_ORD);
    post->priority = post_done->priority = SCORE_INFINITY;
    if (!act_is(complete, ACT_RUNNABLE)) {
        post->flags &= ~ACT_RUNNABLE;
        post_done->flags &= ~ACT_RUNNABLE;
    }
    relation_add(s, complete, post, ORDER_FRT);
    relation_add(s, post, post_done, ORDER_FRT);
    relation_add(s, pre_done, post, ORDER_ORD);
}

static struct notify_pair
find_pair(struct sched *s, struct sched_rsc *clone, const char *operation)
{
    const char *complete = task_completion(operation);
    struct notify_pair p = {.operation = operation};

    p.pre = action_find_keyed(s, clone, arena_printf(s->arena, "pre_notify_%s", operation), NULL);
    p.pre_done = action_find_keyed(s, clone, arena_printf(s->arena, "confirmed-pre_notify_%s", operation), NULL);
    p.post = action_find_keyed(s, clone, arena_printf(s->arena, "post_notify_%s", complete), NULL);
    p.post_done = action_find_keyed(s, clone, arena_printf(s->arena, "confirmed-post_notify_%s", complete), NULL);
    return p;
}

/* Everybody has been told about one step before the next step's notifications begin. */
void
notify_order_pairs(struct sched *s, struct sched_rsc *clone)
{
    struct notify_pair start = find_pair(s, clone, "start"), stop = find_pair(s, clone, "stop");

    relation_add(s, stop.post_done, start.pre, ORDER_ORD);
    if (rsc_is(clone, RSC_PROMOTABLE)) {
        struct notify_pair promote = find_pair(s, clone, "promote"), demote = find_pair(s, clone, "demote");

        relation_add(s, stop.post_done, promote.pre, ORDER_ORD);
        relation_add(s, start.post_done, promote.pre, ORDER_ORD);
        relation_add(s, demote.post_done, promote.pre, ORDER_ORD);
        relation_add(s, demote.post_done, start.pre, ORDER_ORD);
        relation_add(s, demote.post_done, stop.pre, ORDER_ORD);
    }
}

/* --- what is told (spec 42 §9.2) --- */

struct notify_entry {
    const struct sched_rsc *rsc;
    const struct sched_node *node;
};
typedef ARENA_VEC(struct notify_entry) entry_vec;

struct notify_lists {
    struct arena *arena;
    entry_vec active, inactive, promoted, unpromoted, start, stop, promote, demote;
};

static void
add_entry(struct notify_lists *l, entry_vec *list, const struct sched_rsc *rsc, const struct sched_node *node)
{
    struct notify_entry e = {rsc, node};

    arena_vec_push(l->arena, list, e);
}

static entry_vec *
list_of_task(struct notify_lists *l, const char *task)
{
    return strcmp(task, "start") == 0     ? &l->start
           : strcmp(task, "stop") == 0    ? &l->stop
           : strcmp(task, "promote") == 0 ? &l->promote
           : strcmp(task, "demote") == 0  ? &l->demote
                                          : NULL;
}

static void
collect_state(struct notify_lists *l, const struct sched_rsc *rsc)
{
    const struct sched_node *node = rsc->active_on.len > 0 ? rsc->active_on.items[0] : NULL;

    switch (rsc->role) {
    case ROLE_STOPPED:
        add_entry(l, &l->inactive, rsc, node);
        break;
    case ROLE_STARTED:
        add_entry(l, &l->active, rsc, node);
        break;
    case ROLE_UNPROMOTED:
        add_entry(l, &l->unpromoted, rsc, node);
        add_entry(l, &l->active, rsc, node);
        break;
    case ROLE_PROMOTED:
        add_entry(l, &l->promoted, rsc, node);
        add_entry(l, &l->active, rsc, node);
        break;
    default:
        break;
    }
}

static void
collect(struct sched *s, struct notify_lists *l, struct sched_rsc *rsc)
{
    if (rsc->kind != KIND_PRIMITIVE) {
        VEC_FOR_EACH(struct sched_rsc, child, rsc->children) {
            collect(s, l, child);
        }
        return;
    }
    collect_state(l, rsc);
    for_each_rsc_action(a, s, rsc) {
        entry_vec *list = list_of_task(l, a->task);

        if (list == NULL || act_is(a, ACT_OPTIONAL) || a->node == NULL) {
            continue;
        }
        if (act_is(a, ACT_RUNNABLE) || (list == &l->stop && a->node->unclean)) {
            add_entry(l, list, rsc, a->node);
        }
    }
}

static int
compare_entries(const void *a, const void *b)
{
    const struct notify_entry *x = a, *y = b;
    int by_rsc = strcmp(x->rsc->id, y->rsc->id);

    if (by_rsc != 0 || x->node == NULL || y->node == NULL) {
        return by_rsc ? by_rsc : (x->node != NULL) - (y->node != NULL);
    }
    return strcmp(x->node->uuid, y->node->uuid);
}

static void
append_word(GString *out, const char *word)
{
    if (out->len > 0) {
        g_string_append_c(out, ' ');
    }
    g_string_append(out, word);
}

static void
set_words(struct sched *s, struct nvtable *t, const char *name, const GString *words)
{
    nvtable_set(t, name, words->len > 0 ? arena_strdup(s->arena, words->str) : " ");
}

/* "<name>_resource" and "<name>_uname"; names NULL: not wanted. */
static void
set_list(struct sched *s, struct nvtable *t, entry_vec *list, const char *resources, const char *nodes)
{
    g_autoptr(GString) r = g_string_new(NULL);
    g_autoptr(GString) n = g_string_new(NULL);
    const char *last = NULL;

    if (list->len > 1) {
        qsort(list->items, list->len, sizeof(*list->items), compare_entries);
    }
    for (unsigned i = 0; i < list->len; i++) {
        if (last != NULL && strcmp(last, list->items[i].rsc->id) == 0) {
            continue;
        }
        last = list->items[i].rsc->id;
        append_word(r, last);
        if (list->items[i].node != NULL) {
            append_word(n, list->items[i].node->uname);
        }
    }
    set_words(s, t, resources, r);
    if (nodes != NULL) {
        set_words(s, t, nodes, n);
    }
}

static void
set_node_names(struct sched *s, struct nvtable *t, const struct sched_rsc *clone)
{
    g_autoptr(GString) all = g_string_new(NULL);
    g_autoptr(GString) available = g_string_new(NULL);
    g_autoptr(GString) hosts = g_string_new(NULL);

    for (unsigned i = 0; i < s->nodes.len; i++) {
        const struct sched_node *node = s->node_order[i];
        const struct sched_rsc *container = node_is_guest(node) ? node_container(node) : NULL;
        const struct sched_node *host = container ? rsc_current_node(container, NULL, NULL) : NULL;

        append_word(all, node->uname);
        append_word(hosts, host ? host->uname : node->uname);
        if (row_has(&clone->row, node)) {
            append_word(available, node->uname);
        }
    }
    set_words(s, t, "notify_available_uname", available);
    set_words(s, t, "notify_all_uname", all);
    if (text_equal(rsc_meta(clone, "container-attribute-target"), "host")
        || (clone->parent != NULL && clone->parent->kind == KIND_BUNDLE && clone->children.len > 0
            && text_equal(rsc_meta(clone->children.items[0], "container-attribute-target"), "host"))) {
        set_words(s, t, "notify_all_hosts", hosts);
    }
}

static const struct nvtable *
notify_values(struct sched *s, struct notify_lists *l, const struct sched_rsc *clone)
{
    struct nvtable *t = nvtable_new(s->arena);

    set_list(s, t, &l->stop, "notify_stop_resource", "notify_stop_uname");
    set_list(s, t, &l->start, "notify_start_resource", "notify_start_uname");
    set_list(s, t, &l->demote, "notify_demote_resource", "notify_demote_uname");
    set_list(s, t, &l->promote, "notify_promote_resource", "notify_promote_uname");
    set_list(s, t, &l->active, "notify_active_resource", "notify_active_uname");
    set_list(s, t, &l->unpromoted, "notify_unpromoted_resource", "notify_unpromoted_uname");
    set_list(s, t, &l->unpromoted, "notify_slave_resource", "notify_slave_uname");
    set_list(s, t, &l->promoted, "notify_promoted_resource", "notify_promoted_uname");
    set_list(s, t, &l->promoted, "notify_master_resource", "notify_master_uname");
    set_list(s, t, &l->inactive, "notify_inactive_resource", NULL);
    set_node_names(s, t, clone);
    return t;
}

/* --- who is told (spec 42 §9.3) --- */

static struct sched_action *
tell(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, struct sched_action *point,
     struct sched_action *done, const struct nvtable *values)
{
    struct sched_action *a;
    char *key;

    if (point == NULL || done == NULL || node == NULL || !node->online || !act_is(point, ACT_RUNNABLE)) {
        return NULL;
    }
    key = arena_printf(s->arena, "%s_notify_%s", action_meta(point, "notify_type"), action_meta(point, "notify_operation"));
    a = action_get_keyed(s, rsc, key, "notify", node, act_is(point, ACT_OPTIONAL) ? WANT_OPTIONAL : WANT_REQUIRED);
    nvtable_for_each(pair, point->meta) {
        if (action_meta(a, pair->name) == NULL) {
            action_set_meta(s, a, pair->name, pair->value);
        }
    }
    if (values != NULL) {
        a->notify_meta = values;
    }
    relation_add(s, point, a, ORDER_ORD);
    relation_add(s, a, done, ORDER_ORD);
    return a;
}

static void
tell_after(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, const struct notify_pair *p,
           const struct nvtable *values)
{
    struct sched_action *a = tell(s, rsc, node, p->post, p->post_done, values);

    if (a != NULL) {
        a->priority = SCORE_INFINITY;
    }
    if (p->post_done == NULL) {
        return;
    }
    for_each_rsc_action(mon, s, rsc) {
        if (mon->interval_ms > 0 && !act_is(mon, ACT_CANCEL)) {
            relation_add(s, p->post_done, mon, ORDER_ORD);
        }
    }
}

static void
tell_about_going(struct sched *s, struct sched_rsc *rsc, const struct notify_pair *p, const struct nvtable *values)
{
    struct sched_action *stop = action_newest(s, rsc, "stop", 0);
    bool demote = strcmp(p->operation, "demote") == 0;

    if (rsc->role == ROLE_STOPPED) {
        return;
    }
    VEC_FOR_EACH(struct sched_node, node, rsc->active_on) {
        if (stop != NULL && act_is(stop, ACT_PSEUDO) && (node->unclean || node->remote_requires_reset)) {
            continue;
        }
        tell(s, rsc, node, p->pre, p->pre_done, values);
        if (demote || stop == NULL || act_is(stop, ACT_OPTIONAL)) {
            tell_after(s, rsc, node, p, values);
        }
    }
}

static void
tell_about_coming(struct sched *s, struct sched_rsc *rsc, const struct notify_pair *p, const struct nvtable *values)
{
    struct sched_action *start = action_newest(s, rsc, "start", 0);

    if (rsc->next_role == ROLE_STOPPED || rsc->assigned == NULL) {
        return;
    }
    if (start != NULL && start->node != NULL && start->node->remote_rsc != NULL) {
        struct sched_action *connect = action_newest(s, start->node->remote_rsc, "start", 0);

        if (connect != NULL && !act_is(connect, ACT_RUNNABLE)) {
            return;
        }
    }
    if (strcmp(p->operation, "promote") == 0 || start == NULL || act_is(start, ACT_OPTIONAL)) {
        tell(s, rsc, rsc->assigned, p->pre, p->pre_done, values);
    }
    tell_after(s, rsc, rsc->assigned, p, values);
}

static void
tell_instance(struct sched *s, struct sched_rsc *rsc, const struct notify_pair *p, const struct nvtable *values)
{
    if (rsc->kind != KIND_PRIMITIVE) {
        VEC_FOR_EACH(struct sched_rsc, child, rsc->children) {
            tell_instance(s, child, p, values);
        }
        return;
    }
    if (strcmp(p->operation, "stop") == 0 || strcmp(p->operation, "demote") == 0) {
        tell_about_going(s, rsc, p, values);
    } else {
        tell_about_coming(s, rsc, p, values);
    }
}

static void
give_values_to_steps(struct sched *s, struct sched_rsc *rsc, struct notify_lists *l, const struct nvtable *values)
{
    if (rsc->kind != KIND_PRIMITIVE) {
        VEC_FOR_EACH(struct sched_rsc, child, rsc->children) {
            give_values_to_steps(s, child, l, values);
        }
        return;
    }
    for_each_rsc_action(a, s, rsc) {
        if (act_required(a) && a->node != NULL && list_of_task(l, a->task) != NULL) {
            a->notify_meta = values;
        }
    }
}

/* At rendering: collect, then tell every instance about every step that takes place. */
void
notify_create(struct sched *s, struct sched_rsc *clone)
{
    static const char *const operations[] = {"start", "stop", "promote", "demote"};
    struct notify_lists l = {.arena = s->arena};
    const struct nvtable *values;

    collect(s, &l, clone);
    values = notify_values(s, &l, clone);
    give_values_to_steps(s, clone, &l, values);
    for (unsigned i = 0; i < G_N_ELEMENTS(operations); i++) {
        struct notify_pair p = find_pair(s, clone, operations[i]);
        bool happens = list_of_task(&l, operations[i])->len > 0;

        if (p.pre == NULL || p.post == NULL) {
            continue;
        }
        if (happens) {
            p.pre->flags &= ~ACT_OPTIONAL;
            p.pre_done->flags &= ~ACT_OPTIONAL;
            p.post->flags &= ~ACT_OPTIONAL;
            p.post_done->flags &= ~ACT_OPTIONAL;
        }
        if (happens || strcmp(operations[i], "stop") == 0) {
            VEC_FOR_EACH(struct sched_rsc, child, clone->children) {
                tell_instance(s, child, &p, values);
            }
        }
    }
}

/* --- implied stops (spec 42 §9.4) --- */

/* What is told about an implied stop stays, whatever else the instances are told later. */
static void
tell_steps_of_stop(struct sched *s, struct sched_rsc *rsc, const struct nvtable *values)
{
    if (rsc->kind != KIND_PRIMITIVE) {
        VEC_FOR_EACH(struct sched_rsc, child, rsc->children) {
            tell_steps_of_stop(s, child, values);
        }
        return;
    }
    for_each_rsc_action(a, s, rsc) {
        bool step = text_is_one_of(a->task, "start", "stop", "promote", "demote", NULL) && act_required(a)
                    && a->node != NULL;

        if (!step && !(act_task(a, "notify") && !act_is(a, ACT_PSEUDO))) {
            continue;
        }
        nvtable_for_each(pair, values) {
            if (action_meta(a, pair->name) == NULL) {
                action_set_meta(s, a, pair->name, pair->value);
            }
        }
    }
}

/*
 * A node was fenced, so an instance is down: the others are told once fencing is done.  What is in no clone and yet has
 * `notify` set takes the same steps, with nobody else to be told.
 */
void
notify_implied_stop(struct sched *s, struct sched_rsc *rsc, struct sched_action *stop, struct sched_action *fencing)
{
    struct sched_rsc *all = rsc_top(rsc);
    struct notify_lists l = {.arena = s->arena};
    struct notify_pair p = {.operation = "stop"};
    struct nvtable *values = nvtable_new(s->arena);

    p.post = notify_pseudo(s, rsc, "post", "stonith", "stop", "notify", WANT_REQUIRED);
    p.post_done = notify_pseudo(s, rsc, "confirmed-post", "stonith", "stop", "notified", WANT_REQUIRED);
    p.post->priority = p.post_done->priority = SCORE_INFINITY;
    relation_add(s, p.post, p.post_done, ORDER_FRT);
    relation_add(s, fencing, p.post, ORDER_FRT);
    add_entry(&l, &l.stop, rsc, stop->node);
    set_list(s, values, &l.stop, "notify_stop_resource", "notify_stop_uname");
    tell_instance(s, all, &p, NULL);
    tell_steps_of_stop(s, all, values);
}
