## SPDX-License-Identifier: GPL-2.0-or-later
## The pure part apart from the connection, so that cts/sim links it without Corosync.
noinst_LIBRARIES += lib/cluster/libpeers.a lib/cluster/libcluster.a
lib_cluster_libpeers_a_SOURCES = \
	lib/cluster/cpg_frame.c lib/cluster/cpg_frame.h \
	lib/cluster/election.c lib/cluster/election.h \
	lib/cluster/peers.c lib/cluster/peers.h
PEERS_LDADD = lib/cluster/libpeers.a $(IPC_LDADD)

lib_cluster_libcluster_a_SOURCES = \
	lib/cluster/cluster.c lib/cluster/cluster.h \
	lib/cluster/cmap.c lib/cluster/cmap.h \
	lib/cluster/election_shell.c
lib_cluster_libcluster_a_CFLAGS = $(AM_CFLAGS) $(COROSYNC_CFLAGS)
CLUSTER_LDADD = lib/cluster/libcluster.a $(PEERS_LDADD) $(COROSYNC_LIBS)

check_PROGRAMS += lib/cluster/tests/test-frame lib/cluster/tests/test-peers lib/cluster/tests/test-election
lib_cluster_tests_test_frame_SOURCES = lib/cluster/tests/test-frame.c
lib_cluster_tests_test_frame_LDADD = $(PEERS_LDADD) $(CMOCKA_LIBS)
lib_cluster_tests_test_peers_SOURCES = lib/cluster/tests/test-peers.c
lib_cluster_tests_test_peers_LDADD = $(PEERS_LDADD) $(CMOCKA_LIBS)
lib_cluster_tests_test_election_SOURCES = lib/cluster/tests/test-election.c
lib_cluster_tests_test_election_LDADD = $(PEERS_LDADD) $(CMOCKA_LIBS)
TESTS += lib/cluster/tests/test-frame lib/cluster/tests/test-peers lib/cluster/tests/test-election
