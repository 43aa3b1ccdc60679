## SPDX-License-Identifier: GPL-2.0-or-later
noinst_PROGRAMS += cts/sim/sim
cts_sim_sim_SOURCES = \
	cts/sim/main.c \
	cts/sim/sim.h \
	cts/sim/sim_attrd.c \
	cts/sim/sim_check.c \
	cts/sim/sim_cib.c \
	cts/sim/sim_config.c \
	cts/sim/sim_core.c \
	cts/sim/sim_ctl.c \
	cts/sim/sim_exec.c \
	cts/sim/sim_fencer.c \
	cts/sim/sim_memory.c \
	cts/sim/sim_net.c \
	cts/sim/sim_node.c \
	cts/sim/sim_sbd.c \
	cts/sim/sim_world.c
cts_sim_sim_LDADD = \
	daemons/fenced/libfencedcore.a lib/fence/libfence.a daemons/sbd/libsbdcore.a daemons/attrd/libattrdcore.a daemons/cib/libcibcore.a daemons/controld/libcontroldcore.a \
	daemons/schedulerd/libschedulerdcore.a $(SCHED_RUN_LDADD) lib/cib/libcib.a $(EXEC_LDADD) $(PEERS_LDADD)
