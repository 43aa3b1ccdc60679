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
