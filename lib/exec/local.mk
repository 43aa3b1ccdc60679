## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += lib/exec/libexec.a
lib_exec_libexec_a_SOURCES = \
	lib/exec/alerts.c lib/exec/alerts.h \
	lib/exec/exec.h \
	lib/exec/exec_bus.c lib/exec/exec_bus.h \
	lib/exec/exec_agents.c lib/exec/exec_agents.h \
	lib/exec/exec_env.c \
	lib/exec/exec_map.c \
	lib/exec/exec_metadata.c \
	lib/exec/exec_run.c \
	lib/exec/exec_systemd.c lib/exec/exec_systemd.h \
	lib/exec/lrmd_client.c lib/exec/lrmd_client.h \
	lib/exec/lrmd_protocol.h \
	lib/exec/lrmd_remote.c lib/exec/lrmd_remote.h \
	lib/exec/lrmd_xml.c \
	lib/exec/process.c lib/exec/process.h
EXEC_LDADD = lib/exec/libexec.a $(IPC_LDADD)


check_PROGRAMS += lib/exec/tests/test-exec
lib_exec_tests_test_exec_SOURCES = lib/exec/tests/test-exec.c
lib_exec_tests_test_exec_LDADD = $(EXEC_LDADD) $(CMOCKA_LIBS)
TESTS += lib/exec/tests/test-exec
