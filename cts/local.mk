## SPDX-License-Identifier: GPL-2.0-or-later
include cts/fuzz/local.mk
include cts/sim/local.mk

## The parts alone.
TESTS += cts/daemons/test-agents cts/daemons/test-alerts
dist_check_SCRIPTS += cts/daemons/test-agents cts/daemons/test-alerts cts/daemons/sandbox
EXTRA_DIST += cts/daemons/qbipc.py
TESTS += cts/daemons/test-execd.py cts/daemons/test-systemd.py
EXTRA_DIST += cts/daemons/fake_systemd.py
dist_check_SCRIPTS += cts/daemons/test-execd.py cts/daemons/test-systemd.py

## Tools against files.
EXTRA_DIST += cts/cli/cli-test cts/cli/run cts/cli/make-cibs cts/cli/cases cts/cli/cibs cts/cli/recorded

## The scheduler against recorded results, and against an installed one on random inputs.
EXTRA_DIST += cts/scheduler/run cts/scheduler/judge.py cts/scheduler/make-cases cts/scheduler/random-cib \
	cts/scheduler/cases cts/fuzz/scheduler/compare
TESTS += cts/daemons/test-based.py
dist_check_SCRIPTS += cts/daemons/test-based.py
TESTS += cts/cli/cibadmin-vs-installed
dist_check_SCRIPTS += cts/cli/cibadmin-vs-installed
EXTRA_DIST += cts/bench/cib-updates
TESTS += cts/daemons/test-fenced
dist_check_SCRIPTS += cts/daemons/test-fenced
TESTS += cts/daemons/test-schedulerd.py
dist_check_SCRIPTS += cts/daemons/test-schedulerd.py
