## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += daemons/launcher/liblaunchercore.a
daemons_launcher_liblaunchercore_a_SOURCES = daemons/launcher/launcher_core.c daemons/launcher/launcher_core.h
sbin_PROGRAMS += daemons/launcher/pacemakerd
daemons_launcher_pacemakerd_SOURCES = \
	daemons/launcher/children.c daemons/launcher/children.h \
	daemons/launcher/corosync.c daemons/launcher/corosync.h \
	daemons/launcher/main.c
daemons_launcher_pacemakerd_CFLAGS = $(AM_CFLAGS) $(COROSYNC_CFLAGS)
daemons_launcher_pacemakerd_LDADD = daemons/launcher/liblaunchercore.a lib/output/liboutput.a $(CLUSTER_LDADD)

systemdunit_DATA += daemons/launcher/pacemaker.service
CLEANFILES += daemons/launcher/pacemaker.service
daemons/launcher/pacemaker.service: $(srcdir)/daemons/launcher/pacemaker.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) daemons/launcher && sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@defaultdir[@]|$(defaultdir)|g' \
		$(srcdir)/daemons/launcher/pacemaker.service.in > $@
## The file is installed as "pacemaker"; its folder gives it that name.
dist_default_DATA += daemons/launcher/default/pacemaker

pcmkpkgconfigdir = $(datadir)/pkgconfig
pcmkpkgconfig_DATA = daemons/launcher/pacemaker.pc daemons/launcher/pacemaker-schemas.pc
CLEANFILES += $(pcmkpkgconfig_DATA)
PC_SUBSTITUTE = $(MKDIR_P) daemons/launcher && sed -e 's|@prefix[@]|$(prefix)|g' -e 's|@daemon_user[@]|$(daemon_user)|g' \
	-e 's|@daemon_group[@]|$(daemon_group)|g' -e 's|@daemondir[@]|$(daemondir)|g' -e 's|@ocfdir[@]|$(ocfdir)|g' \
	-e 's|@localstatedir[@]|$(localstatedir)|g' -e 's|@runstatedir[@]|$(runstatedir)|g' -e 's|@schemadir[@]|$(schemadir)|g'
daemons/launcher/pacemaker.pc: $(srcdir)/daemons/launcher/pacemaker.pc.in Makefile
	$(AM_V_GEN)$(PC_SUBSTITUTE) $(srcdir)/daemons/launcher/pacemaker.pc.in > $@
daemons/launcher/pacemaker-schemas.pc: $(srcdir)/daemons/launcher/pacemaker-schemas.pc.in Makefile
	$(AM_V_GEN)$(PC_SUBSTITUTE) $(srcdir)/daemons/launcher/pacemaker-schemas.pc.in > $@

check_PROGRAMS += daemons/launcher/tests/test-launcher
daemons_launcher_tests_test_launcher_SOURCES = daemons/launcher/tests/test-launcher.c
daemons_launcher_tests_test_launcher_LDADD = daemons/launcher/liblaunchercore.a $(BASE_LDADD) $(CMOCKA_LIBS)
TESTS += daemons/launcher/tests/test-launcher
