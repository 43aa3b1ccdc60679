## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += daemons/execd/libexecdcore.a
daemons_execd_libexecdcore_a_SOURCES = \
	daemons/execd/execd_core.c daemons/execd/execd_core.h \
	daemons/execd/execd_fence.c \
	daemons/execd/execd_internal.h \
	daemons/execd/execd_queue.c

daemon_PROGRAMS += daemons/execd/pacemaker-execd
daemons_execd_pacemaker_execd_SOURCES = \
	daemons/execd/execd_alert.c daemons/execd/execd_alert.h \
	daemons/execd/execd_fencer.c daemons/execd/execd_fencer.h \
	daemons/execd/main.c
daemons_execd_pacemaker_execd_LDADD = daemons/execd/libexecdcore.a lib/fence/libfence.a $(EXEC_LDADD)

EXECD_WORLD = daemons/execd/tests/execd_world.c daemons/execd/tests/execd_world.h
EXECD_CORE_LDADD = daemons/execd/libexecdcore.a lib/fence/libfence.a $(EXEC_LDADD) $(CMOCKA_LIBS)

check_PROGRAMS += daemons/execd/tests/test-execd-core
daemons_execd_tests_test_execd_core_SOURCES = daemons/execd/tests/test-execd-core.c $(EXECD_WORLD)
daemons_execd_tests_test_execd_core_LDADD = $(EXECD_CORE_LDADD)
TESTS += daemons/execd/tests/test-execd-core

check_PROGRAMS += daemons/execd/tests/test-execd-recurring
daemons_execd_tests_test_execd_recurring_SOURCES = daemons/execd/tests/test-execd-recurring.c $(EXECD_WORLD)
daemons_execd_tests_test_execd_recurring_LDADD = $(EXECD_CORE_LDADD)
TESTS += daemons/execd/tests/test-execd-recurring
