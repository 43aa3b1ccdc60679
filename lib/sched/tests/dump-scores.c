/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Print the score lines of a CIB file, or with -m the messages, with -e every score change with its reason; -U adds utilization.  A help for
 * developers; crm_simulate is for users.
 */
#include "lib/sched/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void
print_messages(const struct sched *s)
{
    static const char *const words[] = { "critical", "error", "warning", "notice", "info" };

    for (unsigned i = 0; i < s->messages.len; i++) {
        printf("%s: %s\n", words[s->messages.items[i].severity], s->messages.items[i].text);
    }
}

static void
print_changes(const struct sched *s)
{
    for (unsigned i = 0; i < s->explain.len; i++) {
        const struct sched_explain *e = &s->explain.items[i];

        printf("%s on %s: %s -> %s (%s%s%s)\n", e->rsc->id, e->node->uname, score_text(e->delta), score_text(e->result),
               e->reason, e->source != NULL ? " " : "", e->source != NULL ? e->source : "");
    }
}

int
main(int argc, char **argv)
{
    bool messages = false, explain = false, utilization = false;
    int64_t now = time(NULL);
    char *error = NULL;
    int c;

    while ((c = getopt(argc, argv, "meUt:")) != -1) {
        messages = messages || c == 'm';
        explain = explain || c == 'e';
        utilization = utilization || c == 'U';
        if (c == 't') {
            struct iso_time t, now_utc = iso_from_epoch(now), local = iso_to_local(&now_utc);

            if (iso_parse(optarg, &local, &t)) {
                now = iso_to_epoch(&t);
            }
        }
    }
    for (; optind < argc; optind++) {
        xmlNode *cib = xml_parse_file(argv[optind], XML_PARSE_STRICT, &error);
        struct sched *s;

        if (cib == NULL) {
            fprintf(stderr, "%s: %s\n", argv[optind], error);
            return 1;
        }
        if (xml_get(cib, "execution-date") != NULL) {
            now = xml_get_int(cib, "execution-date", now);
        }
        s = sched_new(cib, now, SCHED_SCORES | SCHED_QUIET | SCHED_SANITIZED | (explain ? SCHED_EXPLAIN : 0)
                               | (utilization ? SCHED_UTILIZATION : 0));
        sched_assign(s);
        for (unsigned i = 0; i < s->score_lines.len && !messages && !explain; i++) {
            puts(s->score_lines.items[i]);
        }
        if (messages) {
            print_messages(s);
        }
        if (explain) {
            print_changes(s);
        }
        sched_free(s);
        xml_free(cib);
    }
    return 0;
}
