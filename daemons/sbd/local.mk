## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += daemons/sbd/libsbdcore.a
daemons_sbd_libsbdcore_a_SOURCES = \
	daemons/sbd/sbd_core.h \
	daemons/sbd/sbd_core_disk.c \
	daemons/sbd/sbd_core_health.c \
	daemons/sbd/sbd_core_inquisitor.c \
	daemons/sbd/sbd_core_task.c
