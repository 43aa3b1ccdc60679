## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += daemons/cib/libcibcore.a
daemons_cib_libcibcore_a_SOURCES = \
	daemons/cib/based_core.c daemons/cib/based_core.h daemons/cib/based_internal.h \
	daemons/cib/based_execute.c daemons/cib/based_notify.c \
	daemons/cib/based_shutdown.c daemons/cib/based_sync.c
CIB_CORE_LDADD = daemons/cib/libcibcore.a $(CIB_LDADD)

daemon_PROGRAMS += daemons/cib/pacemaker-based
daemons_cib_pacemaker_based_SOURCES = daemons/cib/main.c daemons/cib/based_disk.c daemons/cib/based_disk.h \
	daemons/cib/based_login.c daemons/cib/based_login.h \
	daemons/cib/based_post.c daemons/cib/based_post.h \
	daemons/cib/based_remote.c daemons/cib/based_remote.h
daemons_cib_pacemaker_based_CFLAGS = $(AM_CFLAGS) $(COROSYNC_CFLAGS)
daemons_cib_pacemaker_based_LDADD = $(CIB_CORE_LDADD) $(CLUSTER_LDADD)

check_PROGRAMS += daemons/cib/tests/test-core
TESTS += daemons/cib/tests/test-core
daemons_cib_tests_test_core_SOURCES = daemons/cib/tests/test-core.c
daemons_cib_tests_test_core_LDADD = $(CIB_CORE_LDADD) $(CMOCKA_LIBS)
