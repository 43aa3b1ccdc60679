## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += daemons/controld/libcontroldcore.a
daemons_controld_libcontroldcore_a_SOURCES = \
	daemons/controld/controld_core.h daemons/controld/controld_private.h \
	daemons/controld/core_alerts.c \
	daemons/controld/core_attributes.c \
	daemons/controld/core_election.c \
	daemons/controld/core_exec.c daemons/controld/core_exec.h \
	daemons/controld/core_exec_cleanup.c \
	daemons/controld/core_exec_run.c \
	daemons/controld/core_fence.c \
	daemons/controld/core_fire.c \
	daemons/controld/core_fsa.c \
	daemons/controld/core_history.c \
	daemons/controld/core_ipc.c \
	daemons/controld/core_join.c \
	daemons/controld/core_match.c \
	daemons/controld/core_message.c \
	daemons/controld/core_nodes.c \
	daemons/controld/core_options.c \
	daemons/controld/core_remote.c \
	daemons/controld/core_scheduler.c \
	daemons/controld/core_shutdown.c \
	daemons/controld/core_transition.c
CONTROLD_CORE_LDADD = daemons/controld/libcontroldcore.a lib/cib/libcib.a $(EXEC_LDADD) $(PEERS_LDADD) $(RULES_LDADD)

daemon_PROGRAMS += daemons/controld/pacemaker-controld
daemons_controld_pacemaker_controld_SOURCES = \
	daemons/controld/agents.c \
	daemons/controld/clients.c \
	daemons/controld/main.c \
	daemons/controld/options.c \
	daemons/controld/remotes.c \
	daemons/controld/shell.h
daemons_controld_pacemaker_controld_LDADD = daemons/controld/libcontroldcore.a $(FENCE_LDADD) $(CIB_LDADD) $(CLUSTER_LDADD) $(RULES_LDADD)

check_PROGRAMS += daemons/controld/tests/test-remotes
daemons_controld_tests_test_remotes_SOURCES = daemons/controld/tests/test-remotes.c $(controld_tests_cluster_fixture)
daemons_controld_tests_test_remotes_LDADD = $(CONTROLD_CORE_LDADD) $(CMOCKA_LIBS)
TESTS += daemons/controld/tests/test-remotes
check_PROGRAMS += daemons/controld/tests/test-history daemons/controld/tests/test-graph daemons/controld/tests/test-join daemons/controld/tests/test-cluster
daemons_controld_tests_test_history_SOURCES = daemons/controld/tests/test-history.c
daemons_controld_tests_test_history_LDADD = $(CONTROLD_CORE_LDADD) $(CMOCKA_LIBS)
daemons_controld_tests_test_graph_SOURCES = daemons/controld/tests/test-graph.c
daemons_controld_tests_test_graph_LDADD = $(CONTROLD_CORE_LDADD) $(CMOCKA_LIBS)
controld_tests_cluster_fixture = daemons/controld/tests/cluster_fixture.c daemons/controld/tests/cluster_fixture.h
daemons_controld_tests_test_join_SOURCES = daemons/controld/tests/test-join.c $(controld_tests_cluster_fixture)
daemons_controld_tests_test_join_LDADD = $(CONTROLD_CORE_LDADD) $(CMOCKA_LIBS)
daemons_controld_tests_test_cluster_SOURCES = daemons/controld/tests/test-cluster.c $(controld_tests_cluster_fixture)
daemons_controld_tests_test_cluster_LDADD = $(CONTROLD_CORE_LDADD) $(CMOCKA_LIBS)
TESTS += daemons/controld/tests/test-history daemons/controld/tests/test-graph daemons/controld/tests/test-join daemons/controld/tests/test-cluster
