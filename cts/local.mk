## SPDX-License-Identifier: GPL-2.0-or-later
include cts/fuzz/local.mk
include cts/sim/local.mk
include cts/vm/local.mk

## For cts/bench/cluster, which makes them when they are wanted.
EXTRA_PROGRAMS += cts/bench/cpg-ping cts/bench/cib-updates
cts_bench_cib_updates_SOURCES = cts/bench/cib-updates.c
cts_bench_cib_updates_LDADD = $(CIB_LDADD)
cts_bench_cpg_ping_SOURCES = cts/bench/cpg-ping.c
cts_bench_cpg_ping_CFLAGS = $(AM_CFLAGS) $(COROSYNC_CFLAGS)
cts_bench_cpg_ping_LDADD = $(COROSYNC_LIBS)

## Daemons and agents alone, each in a sandbox.
cts_tests = cts/daemons/test-agents cts/daemons/test-alerts cts/daemons/test-execd.py cts/daemons/test-systemd.py \
	cts/daemons/test-based.py cts/daemons/test-fenced cts/daemons/test-schedulerd.py
TESTS += $(cts_tests)
dist_check_SCRIPTS += $(cts_tests) cts/daemons/sandbox
