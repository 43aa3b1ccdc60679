## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += daemons/sbd/libsbdcore.a
daemons_sbd_libsbdcore_a_SOURCES = \
	daemons/sbd/sbd_core.h \
	daemons/sbd/sbd_core_check.c \
	daemons/sbd/sbd_core_disk.c \
	daemons/sbd/sbd_core_health.c \
	daemons/sbd/sbd_core_inquisitor.c \
	daemons/sbd/sbd_core_task.c

sbin_PROGRAMS += daemons/sbd/sbd
daemons_sbd_sbd_SOURCES = \
	daemons/sbd/main.c \
	daemons/sbd/sbd_check.c daemons/sbd/sbd_check.h \
	daemons/sbd/sbd_daemon.c daemons/sbd/sbd_daemon.h \
	daemons/sbd/sbd_device.c daemons/sbd/sbd_device.h \
	daemons/sbd/sbd_inquisitor.c \
	daemons/sbd/sbd_log.c daemons/sbd/sbd_log.h \
	daemons/sbd/sbd_options.c daemons/sbd/sbd_options.h \
	daemons/sbd/sbd_process.c daemons/sbd/sbd_process.h \
	daemons/sbd/sbd_tool.c daemons/sbd/sbd_tool.h \
	daemons/sbd/sbd_watchdog.c daemons/sbd/sbd_watchdog.h \
	daemons/sbd/sbd_watchdog_query.c \
	daemons/sbd/sbd_watcher_cluster.c \
	daemons/sbd/sbd_watcher_disk.c \
	daemons/sbd/sbd_watcher_pacemaker.c
daemons_sbd_sbd_CFLAGS = $(AM_CFLAGS) $(COROSYNC_CFLAGS)
daemons_sbd_sbd_LDADD = daemons/sbd/libsbdcore.a $(SCHED_LDADD) lib/cib/libcib.a $(CLUSTER_LDADD)

systemdunit_DATA += daemons/sbd/sbd.service daemons/sbd/sbd_remote.service
CLEANFILES += daemons/sbd/sbd.service daemons/sbd/sbd_remote.service daemons/sbd/sbd.pc daemons/sbd/sysconfig.sbd
SBD_SUBSTITUTE = $(MKDIR_P) daemons/sbd && sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@defaultdir[@]|$(defaultdir)|g' \
	-e 's|@runstatedir[@]|$(runstatedir)|g' -e 's|@prefix[@]|$(prefix)|g'
daemons/sbd/sbd.service: $(srcdir)/daemons/sbd/sbd.service.in Makefile
	$(AM_V_GEN)$(SBD_SUBSTITUTE) $(srcdir)/daemons/sbd/sbd.service.in > $@
daemons/sbd/sbd_remote.service: $(srcdir)/daemons/sbd/sbd_remote.service.in Makefile
	$(AM_V_GEN)$(SBD_SUBSTITUTE) $(srcdir)/daemons/sbd/sbd_remote.service.in > $@
daemons/sbd/sbd.pc: $(srcdir)/daemons/sbd/sbd.pc.in Makefile
	$(AM_V_GEN)$(SBD_SUBSTITUTE) $(srcdir)/daemons/sbd/sbd.pc.in > $@
## The file is installed as "sbd"; its folder gives it that name.  crmsh copies it from a place of its own.
dist_default_DATA += daemons/sbd/default/sbd
sbdpkgconfigdir = $(datadir)/pkgconfig
sbdpkgconfig_DATA = daemons/sbd/sbd.pc
sbdtemplatedir = $(datadir)/fillup-templates
sbdtemplate_DATA = daemons/sbd/sysconfig.sbd
daemons/sbd/sysconfig.sbd: $(srcdir)/daemons/sbd/default/sbd
	$(AM_V_GEN)$(MKDIR_P) daemons/sbd && cp $(srcdir)/daemons/sbd/default/sbd $@

check_PROGRAMS += daemons/sbd/tests/test-sbd-disk daemons/sbd/tests/test-sbd-inquisitor
daemons_sbd_tests_test_sbd_disk_SOURCES = daemons/sbd/tests/test-sbd-disk.c
daemons_sbd_tests_test_sbd_disk_LDADD = daemons/sbd/libsbdcore.a $(CMOCKA_LIBS)
daemons_sbd_tests_test_sbd_inquisitor_SOURCES = daemons/sbd/tests/test-sbd-inquisitor.c
daemons_sbd_tests_test_sbd_inquisitor_LDADD = daemons/sbd/libsbdcore.a $(CMOCKA_LIBS)
TESTS += daemons/sbd/tests/test-sbd-disk daemons/sbd/tests/test-sbd-inquisitor
