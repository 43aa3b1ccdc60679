## SPDX-License-Identifier: GPL-2.0-or-later
sbin_PROGRAMS += tools/crm_mon
tools_crm_mon_SOURCES = \
	tools/mon/agent.c \
	tools/mon/console.c \
	tools/mon/data.c \
	tools/mon/live.c \
	tools/mon/main.c \
	tools/mon/mon.h \
	tools/mon/options.c
tools_crm_mon_CFLAGS = $(AM_CFLAGS) $(NCURSES_CFLAGS)
tools_crm_mon_LDADD = $(STATUS_LDADD) $(FENCE_LDADD) $(CIB_LDADD) $(NCURSES_LIBS)

systemdunit_DATA += tools/mon/crm_mon.service
CLEANFILES += tools/mon/crm_mon.service
tools/mon/crm_mon.service: $(srcdir)/tools/mon/crm_mon.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) tools/mon && sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@defaultdir[@]|$(defaultdir)|g' \
		$(srcdir)/tools/mon/crm_mon.service.in > $@
## The file is installed as "crm_mon"; its folder gives it that name.
dist_default_DATA += tools/mon/default/crm_mon
