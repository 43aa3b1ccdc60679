## SPDX-License-Identifier: GPL-2.0-or-later
## One libFuzzer target a parser of foreign bytes; built with --enable-fuzzers only (cts/fuzz/run does it).
fuzz_flags = $(AM_LDFLAGS) -fsanitize=fuzzer
if FUZZERS
noinst_PROGRAMS += cts/fuzz/fuzz_ipc_frame cts/fuzz/fuzz_cpg_frame
cts_fuzz_fuzz_ipc_frame_SOURCES = cts/fuzz/fuzz_ipc_frame.c
cts_fuzz_fuzz_ipc_frame_LDFLAGS = $(fuzz_flags)
cts_fuzz_fuzz_ipc_frame_LDADD = $(IPC_LDADD)
cts_fuzz_fuzz_cpg_frame_SOURCES = cts/fuzz/fuzz_cpg_frame.c
cts_fuzz_fuzz_cpg_frame_LDFLAGS = $(fuzz_flags)
cts_fuzz_fuzz_cpg_frame_LDADD = $(PEERS_LDADD)
noinst_PROGRAMS += cts/fuzz/fuzz_patchset cts/fuzz/fuzz_cib_load
cts_fuzz_fuzz_patchset_SOURCES = cts/fuzz/fuzz_patchset.c
cts_fuzz_fuzz_patchset_LDFLAGS = $(fuzz_flags)
cts_fuzz_fuzz_patchset_LDADD = $(CIB_LDADD)
cts_fuzz_fuzz_cib_load_SOURCES = cts/fuzz/fuzz_cib_load.c
cts_fuzz_fuzz_cib_load_LDFLAGS = $(fuzz_flags)
cts_fuzz_fuzz_cib_load_LDADD = $(CIB_CORE_LDADD)
noinst_PROGRAMS += cts/fuzz/fuzz_sbd_disk
cts_fuzz_fuzz_sbd_disk_SOURCES = cts/fuzz/fuzz_sbd_disk.c
cts_fuzz_fuzz_sbd_disk_LDFLAGS = $(fuzz_flags)
cts_fuzz_fuzz_sbd_disk_LDADD = daemons/sbd/libsbdcore.a
noinst_PROGRAMS += cts/fuzz/fuzz_scheduler
cts_fuzz_fuzz_scheduler_SOURCES = cts/fuzz/fuzz_scheduler.c
cts_fuzz_fuzz_scheduler_LDFLAGS = $(fuzz_flags)
cts_fuzz_fuzz_scheduler_LDADD = lib/output/liboutput.a $(SCHED_RUN_LDADD) $(CIB_LDADD)
endif
