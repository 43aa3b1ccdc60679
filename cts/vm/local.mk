## SPDX-License-Identifier: GPL-2.0-or-later
## Runs in the machines of the machine tests, never installed.
noinst_PROGRAMS += cts/vm/write-records
cts_vm_write_records_SOURCES = cts/vm/write-records.c
