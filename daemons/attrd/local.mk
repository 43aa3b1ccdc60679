## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += lib/ipc/libattrdclient.a
lib_ipc_libattrdclient_a_SOURCES = \
	lib/ipc/attrd_client.c lib/ipc/attrd_client.h \
	lib/ipc/attrd_proto.h
ATTRD_CLIENT_LDADD = lib/ipc/libattrdclient.a

## The core alone: tests and cts/sim link it without the shell.
noinst_LIBRARIES += daemons/attrd/libattrdcore.a
daemons_attrd_libattrdcore_a_SOURCES = \
	daemons/attrd/attrd_core.c daemons/attrd/attrd_core.h \
	daemons/attrd/attrd_internal.h \
	daemons/attrd/attrd_peer.c \
	daemons/attrd/attrd_request.c \
	daemons/attrd/attrd_table.c \
	daemons/attrd/attrd_write.c \
	daemons/attrd/attrd_writer.c
ATTRD_CORE_LDADD = daemons/attrd/libattrdcore.a $(ATTRD_CLIENT_LDADD)
