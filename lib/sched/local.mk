## SPDX-License-Identifier: GPL-2.0-or-later

## What to do: actions, orderings, graph, simulation (spec 42).
noinst_LIBRARIES += lib/sched/libschedgraph.a
lib_sched_libschedgraph_a_SOURCES = \
	lib/sched/actions/action.c lib/sched/actions/actions.h lib/sched/actions/collective.c \
	lib/sched/actions/fencing.c lib/sched/actions/history_check.c lib/sched/actions/intents.c \
	lib/sched/actions/interleave.c lib/sched/actions/internal.h lib/sched/actions/migrate.c \
	lib/sched/actions/notify.c lib/sched/actions/order_internal.c lib/sched/actions/primitive.c \
	lib/sched/actions/probe.c lib/sched/actions/propagate.c lib/sched/actions/propagate.h \
	lib/sched/actions/recurring.c lib/sched/actions/relation.c lib/sched/actions/remote.c \
	lib/sched/actions/run.c \
	lib/sched/graph/action_xml.c lib/sched/graph/dot.c lib/sched/graph/graph.c lib/sched/graph/graph.h \
	lib/sched/graph/inputs.c lib/sched/graph/internal.h
