## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += daemons/fenced/libfencedcore.a
daemons_fenced_libfencedcore_a_SOURCES = \
	daemons/fenced/fenced_agent.c \
	daemons/fenced/fenced_command.c \
	daemons/fenced/fenced_config.c \
	daemons/fenced/fenced_core.c daemons/fenced/fenced_core.h \
	daemons/fenced/fenced_devices.c \
	daemons/fenced/fenced_history.c \
	daemons/fenced/fenced_internal.h \
	daemons/fenced/fenced_metadata.c \
	daemons/fenced/fenced_offers.c \
	daemons/fenced/fenced_op.c \
	daemons/fenced/fenced_origin.c \
	daemons/fenced/fenced_params.c \
	daemons/fenced/fenced_relevance.c daemons/fenced/fenced_relevance.h \
	daemons/fenced/fenced_search.c \
	daemons/fenced/fenced_topology.c \
	daemons/fenced/fenced_watchdog.c
## The core with what it needs, for the daemon, its tests and the simulation.
FENCED_CORE_LDADD = daemons/fenced/libfencedcore.a lib/fence/libfence.a $(EXEC_LDADD) $(SCHED_LDADD)

daemon_PROGRAMS += daemons/fenced/pacemaker-fenced
daemons_fenced_pacemaker_fenced_SOURCES = \
	daemons/fenced/fenced_cib.c daemons/fenced/fenced_cib.h \
	daemons/fenced/fenced_run.c daemons/fenced/fenced_run.h \
	daemons/fenced/main.c
daemons_fenced_pacemaker_fenced_LDADD = daemons/fenced/libfencedcore.a lib/fence/libfence.a lib/exec/libexec.a lib/cib/libcib.a lib/sched/libsched.a lib/rules/librules.a $(CLUSTER_LDADD)

check_PROGRAMS += daemons/fenced/tests/test-fenced-core
daemons_fenced_tests_test_fenced_core_SOURCES = daemons/fenced/tests/test-fenced-core.c daemons/fenced/tests/network.h
daemons_fenced_tests_test_fenced_core_LDADD = $(FENCED_CORE_LDADD) $(CMOCKA_LIBS)
TESTS += daemons/fenced/tests/test-fenced-core

check_PROGRAMS += daemons/fenced/tests/test-fenced-devices
daemons_fenced_tests_test_fenced_devices_SOURCES = daemons/fenced/tests/test-fenced-devices.c daemons/fenced/tests/network.h
daemons_fenced_tests_test_fenced_devices_LDADD = $(FENCED_CORE_LDADD) $(CMOCKA_LIBS)
TESTS += daemons/fenced/tests/test-fenced-devices

check_PROGRAMS += daemons/fenced/tests/test-fenced-levels
daemons_fenced_tests_test_fenced_levels_SOURCES = daemons/fenced/tests/test-fenced-levels.c daemons/fenced/tests/fenced_world.c \
	daemons/fenced/tests/fenced_world.h daemons/fenced/tests/network.h
daemons_fenced_tests_test_fenced_levels_LDADD = $(FENCED_CORE_LDADD) $(CMOCKA_LIBS)
TESTS += daemons/fenced/tests/test-fenced-levels

check_PROGRAMS += daemons/fenced/tests/test-fenced-relevance
daemons_fenced_tests_test_fenced_relevance_SOURCES = daemons/fenced/tests/test-fenced-relevance.c
daemons_fenced_tests_test_fenced_relevance_LDADD = $(FENCED_CORE_LDADD) $(CIB_LDADD) $(CMOCKA_LIBS)
TESTS += daemons/fenced/tests/test-fenced-relevance
