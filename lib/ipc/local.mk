## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += lib/ipc/libipc.a
lib_ipc_libipc_a_SOURCES = \
	lib/ipc/attrd_client.c lib/ipc/attrd_client.h \
	lib/ipc/attrd_proto.h \
	lib/ipc/controller_client.c lib/ipc/controller_client.h \
	lib/ipc/ipc_fields.h \
	lib/ipc/ipc_access.c lib/ipc/ipc_access.h \
	lib/ipc/ipc_client.c lib/ipc/ipc_client.h \
	lib/ipc/ipc_message.c lib/ipc/ipc_message.h \
	lib/ipc/ipc_protocol.c lib/ipc/ipc_protocol.h \
	lib/ipc/ipc_server.c lib/ipc/ipc_server.h \
	lib/ipc/remote_channel.c lib/ipc/remote_channel.h \
	lib/ipc/remote_key.c lib/ipc/remote_key.h \
	lib/ipc/remote_tls.c lib/ipc/remote_tls.h
lib_ipc_libipc_a_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS)
IPC_LDADD = lib/ipc/libipc.a $(BASE_LDADD)

check_PROGRAMS += lib/ipc/tests/test-remote lib/ipc/tests/test-message lib/ipc/tests/test-connection
lib_ipc_tests_test_message_SOURCES = lib/ipc/tests/test-message.c
lib_ipc_tests_test_message_LDADD = $(IPC_LDADD) $(CMOCKA_LIBS)
lib_ipc_tests_test_connection_SOURCES = lib/ipc/tests/test-connection.c
lib_ipc_tests_test_connection_LDADD = $(IPC_LDADD) $(CMOCKA_LIBS)
lib_ipc_tests_test_remote_SOURCES = lib/ipc/tests/test-remote.c
lib_ipc_tests_test_remote_LDADD = $(IPC_LDADD) $(CMOCKA_LIBS)
TESTS += lib/ipc/tests/test-remote lib/ipc/tests/test-message lib/ipc/tests/test-connection
