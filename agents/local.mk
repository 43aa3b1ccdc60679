## SPDX-License-Identifier: GPL-2.0-or-later
## Fence agents (spec 60 §17).
dist_sbin_SCRIPTS += agents/stonith/fence_legacy agents/stonith/fence_watchdog
## The plug-in of cluster-glue comes with sbd.
stonithexternaldir = $(prefix)/lib/stonith/plugins/external
dist_stonithexternal_SCRIPTS = agents/stonith/external/sbd

ocfpacemakerdir = $(ocfdir)/resource.d/pacemaker
dist_ocfpacemaker_SCRIPTS = \
	agents/ocf/ClusterMon \
	agents/ocf/Dummy \
	agents/ocf/HealthCPU \
	agents/ocf/HealthIOWait \
	agents/ocf/HealthSMART \
	agents/ocf/Stateful \
	agents/ocf/SysInfo \
	agents/ocf/attribute \
	agents/ocf/controld \
	agents/ocf/ifspeed \
	agents/ocf/ping \
	agents/ocf/remote

alertsdir = $(schemadir)/alerts
dist_alerts_SCRIPTS = \
	agents/alerts/alert_file.sh.sample \
	agents/alerts/alert_smtp.sh.sample \
	agents/alerts/alert_snmp.sh.sample
mibsdir = $(datadir)/snmp/mibs
dist_mibs_DATA = agents/mibs/PCMK-MIB.txt
