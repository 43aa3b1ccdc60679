## SPDX-License-Identifier: GPL-2.0-or-later
sbin_PROGRAMS += tools/crm_resource
tools_crm_resource_SOURCES = \
	tools/resource/agents.c \
	tools/resource/attributes.c \
	tools/resource/cleanup.c \
	tools/resource/explain.c \
	tools/resource/list.c \
	tools/resource/main.c \
	tools/resource/move.c \
	tools/resource/options.c \
	tools/resource/resource.h \
	tools/resource/wait.c
tools_crm_resource_LDADD = lib/output/liboutput.a $(SCHED_RUN_LDADD) $(FENCE_LDADD) $(ATTRD_CLIENT_LDADD) $(CIB_LDADD)

sbin_PROGRAMS += tools/crm_rule
tools_crm_rule_SOURCES = tools/crm_rule.c
tools_crm_rule_LDADD = lib/output/liboutput.a lib/rules/librules.a $(CIB_LDADD)
