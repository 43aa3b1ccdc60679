## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += daemons/schedulerd/libschedulerdcore.a
daemons_schedulerd_libschedulerdcore_a_SOURCES = \
	daemons/schedulerd/schedulerd_core.c daemons/schedulerd/schedulerd_core.h

daemon_PROGRAMS += daemons/schedulerd/pacemaker-schedulerd
daemons_schedulerd_pacemaker_schedulerd_SOURCES = \
	daemons/schedulerd/inputs.c daemons/schedulerd/inputs.h \
	daemons/schedulerd/main.c
daemons_schedulerd_pacemaker_schedulerd_LDADD = daemons/schedulerd/libschedulerdcore.a $(SCHED_RUN_LDADD) $(CIB_LDADD)
