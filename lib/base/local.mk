## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += lib/base/libbase.a
lib_base_libbase_a_SOURCES = \
	lib/base/arena.c lib/base/arena.h \
	lib/base/bzip2.c lib/base/bzip2.h \
	lib/base/daemon.c lib/base/daemon.h \
	lib/base/iso8601.c lib/base/iso8601.h \
	lib/base/library.c lib/base/library.h \
	lib/base/log.c lib/base/log.h \
	lib/base/loop.c lib/base/loop.h \
	lib/base/panic.c lib/base/panic.h \
	lib/base/pattern.c lib/base/pattern.h \
	lib/base/result.c lib/base/result.h \
	lib/base/text.c lib/base/text.h \
	lib/base/xml.c lib/base/xml_parse.c lib/base/xml.h lib/base/xml_packed.h
BASE_LDADD = lib/base/libbase.a $(BASE_LIBS)

check_PROGRAMS += lib/base/tests/test-pattern lib/base/tests/test-text lib/base/tests/test-xml
lib_base_tests_test_pattern_SOURCES = lib/base/tests/test-pattern.c
lib_base_tests_test_pattern_LDADD = $(BASE_LDADD) $(CMOCKA_LIBS)
lib_base_tests_test_text_SOURCES = lib/base/tests/test-text.c
lib_base_tests_test_text_LDADD = $(BASE_LDADD) $(CMOCKA_LIBS)
lib_base_tests_test_xml_SOURCES = lib/base/tests/test-xml.c
lib_base_tests_test_xml_LDADD = $(BASE_LDADD) $(CMOCKA_LIBS)
TESTS += lib/base/tests/test-pattern lib/base/tests/test-text lib/base/tests/test-xml
