## SPDX-License-Identifier: GPL-2.0-or-later

## What is, and where it should be (spec 40, spec 41).
noinst_LIBRARIES += lib/sched/libsched.a
lib_sched_libsched_a_SOURCES = \
	lib/sched/sched.h \
	lib/sched/model/bundle.c lib/sched/model/clone.c lib/sched/model/colocation.c \
	lib/sched/model/digest.c lib/sched/model/failcount.c lib/sched/model/history.c \
	lib/sched/model/history_match.c lib/sched/model/history_op.c lib/sched/model/internal.h \
	lib/sched/model/location.c lib/sched/model/migration.c lib/sched/model/model.c lib/sched/model/model.h \
	lib/sched/model/nodes.c lib/sched/model/opconfig.c lib/sched/model/options.c lib/sched/model/order.c \
	lib/sched/model/remote.c lib/sched/model/resources.c lib/sched/model/rows.c lib/sched/model/rsc.c \
	lib/sched/model/sort.c lib/sched/model/stack.c lib/sched/model/status.c lib/sched/model/template.c lib/sched/model/ticket.c \
	lib/sched/assign/assign.c lib/sched/assign/assign.h lib/sched/assign/bundle.c lib/sched/assign/clone.c \
	lib/sched/assign/colocate.c lib/sched/assign/criteria.c lib/sched/assign/group.c lib/sched/assign/lines.c \
	lib/sched/assign/memo.c lib/sched/assign/memo.h lib/sched/assign/merge.c lib/sched/assign/nodes.c lib/sched/assign/place.c lib/sched/assign/promote.c \
	lib/sched/assign/utilization.c
SCHED_LDADD = lib/sched/libsched.a $(RULES_LDADD)

noinst_PROGRAMS += lib/sched/tests/dump-scores
lib_sched_tests_dump_scores_SOURCES = lib/sched/tests/dump-scores.c
lib_sched_tests_dump_scores_LDADD = $(SCHED_LDADD)

check_PROGRAMS += lib/sched/tests/test-assign
TESTS += lib/sched/tests/test-assign
lib_sched_tests_test_assign_SOURCES = lib/sched/tests/test-assign.c
lib_sched_tests_test_assign_LDADD = $(SCHED_LDADD) $(CMOCKA_LIBS)

## What to do: actions, orderings, graph, simulation (spec 42).
noinst_LIBRARIES += lib/sched/libschedgraph.a
lib_sched_libschedgraph_a_SOURCES = \
	lib/sched/actions/action.c lib/sched/actions/actions.h lib/sched/actions/collective.c \
	lib/sched/actions/fencing.c lib/sched/actions/flags.c lib/sched/actions/history_check.c lib/sched/actions/intents.c \
	lib/sched/actions/interleave.c lib/sched/actions/internal.h lib/sched/actions/migrate.c \
	lib/sched/actions/notify.c lib/sched/actions/order_internal.c lib/sched/actions/primitive.c \
	lib/sched/actions/probe.c lib/sched/actions/propagate.c lib/sched/actions/propagate.h \
	lib/sched/actions/recurring.c lib/sched/actions/relation.c lib/sched/actions/remote.c \
	lib/sched/actions/run.c \
	lib/sched/graph/action_xml.c lib/sched/graph/dot.c lib/sched/graph/graph.c lib/sched/graph/graph.h \
	lib/sched/graph/inputs.c lib/sched/graph/internal.h lib/sched/graph/sink.c \
	lib/sched/simulate/cib_edit.c lib/sched/simulate/execute.c lib/sched/simulate/explain.c lib/sched/simulate/explain.h lib/sched/simulate/inject.c \
	lib/sched/simulate/simulate.h lib/sched/simulate/summary.c lib/sched/simulate/summary.h
SCHED_RUN_LDADD = lib/sched/libschedgraph.a $(SCHED_LDADD)

check_PROGRAMS += lib/sched/tests/test-actions lib/sched/tests/test-graph
TESTS += lib/sched/tests/test-actions lib/sched/tests/test-graph
lib_sched_tests_test_actions_SOURCES = lib/sched/tests/test-actions.c lib/sched/tests/world.h
lib_sched_tests_test_actions_LDADD = $(SCHED_RUN_LDADD) $(CMOCKA_LIBS)
lib_sched_tests_test_graph_SOURCES = lib/sched/tests/test-graph.c lib/sched/tests/world.h
lib_sched_tests_test_graph_LDADD = $(SCHED_RUN_LDADD) $(CMOCKA_LIBS)
