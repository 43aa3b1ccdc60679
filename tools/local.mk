## SPDX-License-Identifier: GPL-2.0-or-later

sbin_PROGRAMS += tools/crm_error tools/iso8601
tools_crm_error_SOURCES = tools/crm_error.c
tools_crm_error_LDADD = $(OUTPUT_LDADD)
tools_iso8601_SOURCES = tools/iso8601.c
tools_iso8601_LDADD = $(OUTPUT_LDADD)

sbin_PROGRAMS += tools/attrd_updater tools/crm_attribute tools/crm_node tools/crmadmin
tools_attrd_updater_SOURCES = tools/attrd_updater.c
tools_attrd_updater_LDADD = $(OUTPUT_LDADD) $(IPC_LDADD)
tools_crm_attribute_SOURCES = tools/crm_attribute.c
tools_crm_attribute_LDADD = $(OUTPUT_LDADD) $(CIB_LDADD)
tools_crm_node_SOURCES = tools/crm_node.c
tools_crm_node_LDADD = $(OUTPUT_LDADD) $(CIB_LDADD)
tools_crmadmin_SOURCES = tools/crmadmin.c
tools_crmadmin_LDADD = $(OUTPUT_LDADD) $(CIB_LDADD)

dist_sbin_SCRIPTS += tools/cibsecret tools/crm_failcount tools/crm_heartbeat_import tools/crm_master tools/crm_report tools/crm_standby

sbin_PROGRAMS += tools/cibadmin
tools_cibadmin_SOURCES = tools/cibadmin.c tools/cibadmin_access.c tools/cibadmin_access.h
tools_cibadmin_LDADD = lib/output/liboutput.a $(CIB_LDADD)

include tools/mon/local.mk
include tools/resource/local.mk

sbin_PROGRAMS += tools/crm_simulate
tools_crm_simulate_SOURCES = \
	tools/simulate/load.c \
	tools/simulate/main.c \
	tools/simulate/show.c \
	tools/simulate/simulate.h
tools_crm_simulate_LDADD = lib/output/liboutput.a $(SCHED_RUN_LDADD) $(CIB_LDADD)

sbin_PROGRAMS += tools/crm_diff tools/crm_shadow
tools_crm_diff_SOURCES = tools/crm_diff.c
tools_crm_diff_LDADD = lib/output/liboutput.a $(CIB_LDADD)
tools_crm_shadow_SOURCES = tools/crm_shadow.c
tools_crm_shadow_LDADD = lib/output/liboutput.a $(CIB_LDADD)

sbin_PROGRAMS += tools/crm_verify
tools_crm_verify_SOURCES = tools/crm_verify.c
tools_crm_verify_LDADD = lib/output/liboutput.a $(SCHED_RUN_LDADD) $(CIB_LDADD)

sbin_PROGRAMS += tools/stonith_admin
tools_stonith_admin_SOURCES = tools/stonith_admin.c
tools_stonith_admin_LDADD = lib/fence/libfence.a lib/exec/libexec.a $(STATUS_LDADD)

sbin_PROGRAMS += tools/crm_ticket
tools_crm_ticket_SOURCES = tools/crm_ticket.c
tools_crm_ticket_LDADD = $(STATUS_LDADD)

## Each command's completion is looked for under its name.
completiondir = $(datadir)/bash-completion/completions
dist_completion_DATA = tools/completion/quorate
COMPLETED = attrd_updater cibadmin crm_attribute crm_diff crm_error crm_mon crm_node crm_resource crm_rule crm_shadow crm_simulate \
	crm_ticket crm_verify crmadmin iso8601 pacemakerd stonith_admin cibsecret crm_failcount crm_heartbeat_import crm_master \
	crm_report crm_standby
install-data-hook:
	for name in $(COMPLETED); do ln -sf quorate $(DESTDIR)$(completiondir)/$$name; done
uninstall-hook:
	for name in $(COMPLETED); do rm -f $(DESTDIR)$(completiondir)/$$name; done
