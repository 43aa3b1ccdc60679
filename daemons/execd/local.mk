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
daemons_execd_pacemaker_execd_LDADD = daemons/execd/libexecdcore.a $(EXEC_LDADD)
