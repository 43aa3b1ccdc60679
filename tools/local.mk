## SPDX-License-Identifier: GPL-2.0-or-later

sbin_PROGRAMS += tools/crm_error tools/iso8601
tools_crm_error_SOURCES = tools/crm_error.c
tools_crm_error_LDADD = $(OUTPUT_LDADD)
tools_iso8601_SOURCES = tools/iso8601.c
tools_iso8601_LDADD = $(OUTPUT_LDADD)
