## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += lib/output/liboutput.a
lib_output_liboutput_a_SOURCES = \
	lib/output/explanation.c lib/output/explanation.h \
	lib/output/html.c \
	lib/output/internal.h \
	lib/output/json.c \
	lib/output/openmetrics.c lib/output/openmetrics.h \
	lib/output/colour.c lib/output/colour.h \
	lib/output/launcher.c lib/output/launcher.h \
	lib/output/output.c lib/output/output.h \
	lib/output/status.h lib/output/status_internal.h \
	lib/output/status_collective.c \
	lib/output/status_fencing.c \
	lib/output/status_history.c \
	lib/output/status_misc.c \
	lib/output/status_nodes.c \
	lib/output/status_resources.c \
	lib/output/status_rsc.c \
	lib/output/status_summary.c \
	lib/output/text.c \
	lib/output/tool.c lib/output/tool.h \
	lib/output/tool_cib.c lib/output/tool_cib.h \
	lib/output/xml.c
OUTPUT_LDADD = lib/output/liboutput.a $(BASE_LDADD)
## For tools that show or evaluate the status.
STATUS_LDADD = lib/output/liboutput.a lib/sched/libsched.a lib/rules/librules.a $(CIB_LDADD)

check_PROGRAMS += lib/output/tests/test-output
TESTS += lib/output/tests/test-output
lib_output_tests_test_output_SOURCES = lib/output/tests/test-output.c
lib_output_tests_test_output_LDADD = $(OUTPUT_LDADD) $(CMOCKA_LIBS)
