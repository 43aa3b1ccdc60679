## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += lib/cib/libcib.a
lib_cib_libcib_a_SOURCES = \
	lib/cib/cib_acl.c lib/cib/cib_acl.h \
	lib/cib/cib_client.c lib/cib/cib_client.h lib/cib/cib_client_impl.h \
	lib/cib/cib_client_file.c lib/cib/cib_client_native.c lib/cib/cib_client_remote.c lib/cib/cib_proto.h \
	lib/cib/cib_compare.c lib/cib/cib_compare.h \
	lib/cib/cib_digest.c lib/cib/cib_digest.h \
	lib/cib/cib_doc.c lib/cib/cib_doc.h lib/cib/cib_doc_edit.c lib/cib/cib_doc_impl.h lib/cib/cib_doc_marks.c \
	lib/cib/cib_grammar.c lib/cib/cib_grammar.h \
	lib/cib/cib_interest.c lib/cib/cib_interest.h \
	lib/cib/cib_journal.c lib/cib/cib_journal.h \
	lib/cib/cib_ops.c lib/cib/cib_ops.h lib/cib/cib_ops_impl.h lib/cib/cib_ops_modify.c lib/cib/cib_ops_replace.c \
	lib/cib/cib_patch.c lib/cib/cib_patch.h lib/cib/cib_patch_text.c \
	lib/cib/cib_patch_v1.c lib/cib/cib_patch_v1.h \
	lib/cib/cib_schema.c lib/cib/cib_schema.h \
	lib/cib/cib_schema_parts.c lib/cib/cib_schema_parts.h \
	lib/cib/cib_store.c lib/cib/cib_store.h \
	lib/cib/cib_transform.c lib/cib/cib_transform.h \
	lib/cib/cib_update.c lib/cib/cib_update.h \
	lib/cib/cib_xpath.c lib/cib/cib_xpath.h
nodist_lib_cib_libcib_a_SOURCES = lib/cib/cib_grammar_tables.c
CLEANFILES += lib/cib/cib_grammar_tables.c
lib_cib_libcib_a_CFLAGS = $(AM_CFLAGS) $(XSLT_CFLAGS)

lib/cib/cib_grammar_tables.c: $(srcdir)/xml/tables.py $(srcdir)/xml/generate.py
	$(AM_V_GEN)$(MKDIR_P) lib/cib && PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(srcdir)/xml/tables.py $@

CIB_LDADD = lib/cib/libcib.a $(IPC_LDADD)

CIB_TESTS = lib/cib/tests/test-acl lib/cib/tests/test-interest lib/cib/tests/test-update lib/cib/tests/test-patch lib/cib/tests/test-schema lib/cib/tests/test-store
check_PROGRAMS += $(CIB_TESTS) lib/cib/tests/compare-grammar
TESTS += $(CIB_TESTS) lib/cib/tests/test-grammar.py
dist_check_SCRIPTS += lib/cib/tests/test-grammar.py
lib_cib_tests_compare_grammar_SOURCES = lib/cib/tests/compare-grammar.c
lib_cib_tests_compare_grammar_LDADD = $(CIB_LDADD)
lib_cib_tests_test_acl_SOURCES = lib/cib/tests/test-acl.c lib/cib/tests/fixture.h
lib_cib_tests_test_acl_LDADD = $(CIB_LDADD) $(CMOCKA_LIBS)
lib_cib_tests_test_interest_SOURCES = lib/cib/tests/test-interest.c lib/cib/tests/fixture.h
lib_cib_tests_test_interest_LDADD = $(CIB_LDADD) $(CMOCKA_LIBS)
lib_cib_tests_test_update_SOURCES = lib/cib/tests/test-update.c lib/cib/tests/fixture.h
lib_cib_tests_test_update_LDADD = $(CIB_LDADD) $(CMOCKA_LIBS)
lib_cib_tests_test_patch_SOURCES = lib/cib/tests/test-patch.c lib/cib/tests/fixture.h
lib_cib_tests_test_patch_LDADD = $(CIB_LDADD) $(CMOCKA_LIBS)
lib_cib_tests_test_schema_SOURCES = lib/cib/tests/test-schema.c lib/cib/tests/fixture.h
lib_cib_tests_test_schema_LDADD = $(CIB_LDADD) $(CMOCKA_LIBS)
lib_cib_tests_test_store_SOURCES = lib/cib/tests/test-store.c lib/cib/tests/fixture.h
lib_cib_tests_test_store_LDADD = $(CIB_LDADD) $(CMOCKA_LIBS)
