## SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += lib/output/liboutput.a
lib_output_liboutput_a_SOURCES = \
	lib/output/html.c \
	lib/output/internal.h \
	lib/output/output.c lib/output/output.h \
	lib/output/text.c \
	lib/output/tool.c lib/output/tool.h \
	lib/output/xml.c
OUTPUT_LDADD = lib/output/liboutput.a $(BASE_LDADD)
