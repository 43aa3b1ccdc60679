## SPDX-License-Identifier: GPL-2.0-or-later
include cts/fuzz/local.mk
include cts/sim/local.mk
include cts/vm/local.mk

## Daemons and agents alone, each in a sandbox; one tool against the installed one.
cts_tests = cts/daemons/test-agents cts/daemons/test-alerts cts/daemons/test-execd.py cts/daemons/test-systemd.py \
	cts/daemons/test-based.py cts/daemons/test-fenced cts/daemons/test-schedulerd.py cts/cli/cibadmin-vs-installed
TESTS += $(cts_tests)
dist_check_SCRIPTS += $(cts_tests) cts/daemons/sandbox
