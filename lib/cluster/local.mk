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
