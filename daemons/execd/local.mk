## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += daemons/execd/libexecdcore.a
daemons_execd_libexecdcore_a_SOURCES = \
	daemons/execd/execd_core.c daemons/execd/execd_core.h \
	daemons/execd/execd_fence.c \
	daemons/execd/execd_internal.h \
	daemons/execd/execd_queue.c \
	daemons/execd/remoted_core.c daemons/execd/remoted_core.h

daemon_PROGRAMS += daemons/execd/pacemaker-execd
daemons_execd_pacemaker_execd_SOURCES = \
	daemons/execd/execd_alert.c daemons/execd/execd_alert.h \
	daemons/execd/execd_fencer.c daemons/execd/execd_fencer.h \
	daemons/execd/main.c \
	daemons/execd/shell.c daemons/execd/shell.h
daemons_execd_pacemaker_execd_LDADD = daemons/execd/libexecdcore.a lib/fence/libfence.a $(EXEC_LDADD)

sbin_PROGRAMS += daemons/execd/pacemaker-remoted
daemons_execd_pacemaker_remoted_SOURCES = \
	daemons/execd/execd_alert.c daemons/execd/execd_alert.h \
	daemons/execd/execd_fencer.c daemons/execd/execd_fencer.h \
	daemons/execd/remoted.c \
	daemons/execd/remoted_init.c daemons/execd/remoted_init.h \
	daemons/execd/remoted_listen.c daemons/execd/remoted_listen.h \
	daemons/execd/remoted_proxy.c daemons/execd/remoted_proxy.h \
	daemons/execd/shell.c daemons/execd/shell.h
daemons_execd_pacemaker_remoted_LDADD = daemons/execd/libexecdcore.a lib/fence/libfence.a $(EXEC_LDADD)

systemdunit_DATA += daemons/execd/pacemaker_remote.service
CLEANFILES += daemons/execd/pacemaker_remote.service
daemons/execd/pacemaker_remote.service: $(srcdir)/daemons/execd/pacemaker_remote.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) daemons/execd && sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@defaultdir[@]|$(defaultdir)|g' \
		$(srcdir)/daemons/execd/pacemaker_remote.service.in > $@

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

check_PROGRAMS += daemons/execd/tests/test-remoted
daemons_execd_tests_test_remoted_SOURCES = daemons/execd/tests/test-remoted.c daemons/execd/remoted_init.c daemons/execd/remoted_init.h
daemons_execd_tests_test_remoted_LDADD = $(EXECD_CORE_LDADD)
TESTS += daemons/execd/tests/test-remoted
