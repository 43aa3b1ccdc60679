## SPDX-License-Identifier: GPL-2.0-or-later
## The core alone: tests and cts/sim link it without the shell.
noinst_LIBRARIES += daemons/attrd/libattrdcore.a
daemons_attrd_libattrdcore_a_SOURCES = \
	daemons/attrd/attrd_core.c daemons/attrd/attrd_core.h \
	daemons/attrd/attrd_internal.h \
	daemons/attrd/attrd_peer.c \
	daemons/attrd/attrd_sync.c \
	daemons/attrd/attrd_request.c \
	daemons/attrd/attrd_table.c \
	daemons/attrd/attrd_verify.c \
	daemons/attrd/attrd_write.c \
	daemons/attrd/attrd_writer.c
ATTRD_CORE_LDADD = daemons/attrd/libattrdcore.a $(PEERS_LDADD)

check_PROGRAMS += daemons/attrd/tests/test-attrd-core daemons/attrd/tests/test-attrd-group
daemons_attrd_tests_test_attrd_core_SOURCES = \
	daemons/attrd/tests/test-attrd-core.c daemons/attrd/tests/group.c daemons/attrd/tests/group.h
daemons_attrd_tests_test_attrd_core_LDADD = $(ATTRD_CORE_LDADD) $(CMOCKA_LIBS)
daemons_attrd_tests_test_attrd_group_SOURCES = \
	daemons/attrd/tests/test-attrd-group.c daemons/attrd/tests/group.c daemons/attrd/tests/group.h
daemons_attrd_tests_test_attrd_group_LDADD = $(ATTRD_CORE_LDADD) $(CMOCKA_LIBS)
TESTS += daemons/attrd/tests/test-attrd-core daemons/attrd/tests/test-attrd-group

daemon_PROGRAMS += daemons/attrd/pacemaker-attrd
daemons_attrd_pacemaker_attrd_SOURCES = daemons/attrd/main.c
daemons_attrd_pacemaker_attrd_LDADD = daemons/attrd/libattrdcore.a lib/exec/libexec.a $(RULES_LDADD) $(CIB_LDADD) $(CLUSTER_LDADD)
