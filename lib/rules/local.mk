## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += lib/rules/librules.a
lib_rules_librules_a_SOURCES = \
	lib/rules/dates.c lib/rules/dates.h \
	lib/rules/nvsets.c \
	lib/rules/nvtable.c lib/rules/nvtable.h \
	lib/rules/rules.c lib/rules/rules.h
RULES_LDADD = lib/rules/librules.a $(BASE_LDADD)

check_PROGRAMS += lib/rules/tests/test-rules
TESTS += lib/rules/tests/test-rules
lib_rules_tests_test_rules_SOURCES = lib/rules/tests/test-rules.c
lib_rules_tests_test_rules_LDADD = $(RULES_LDADD) $(CMOCKA_LIBS)
