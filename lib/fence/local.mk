## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += lib/fence/libfence.a
lib_fence_libfence_a_SOURCES = \
	lib/fence/fence_client.c lib/fence/fence_client.h \
	lib/fence/fence_protocol.h \
	lib/fence/fence_result.c lib/fence/fence_result.h \
	lib/fence/fence_targets.c lib/fence/fence_targets.h
FENCE_LDADD = lib/fence/libfence.a $(EXEC_LDADD)
