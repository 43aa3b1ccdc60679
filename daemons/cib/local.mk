## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += daemons/cib/libcibcore.a
daemons_cib_libcibcore_a_SOURCES = \
	daemons/cib/based_core.c daemons/cib/based_core.h daemons/cib/based_internal.h \
	daemons/cib/based_execute.c daemons/cib/based_notify.c \
	daemons/cib/based_shutdown.c daemons/cib/based_sync.c
CIB_CORE_LDADD = daemons/cib/libcibcore.a $(CIB_LDADD)
