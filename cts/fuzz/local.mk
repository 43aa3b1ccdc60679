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
## The daemons' cores in the worlds of their unit tests.
noinst_PROGRAMS += cts/fuzz/fuzz_attrd cts/fuzz/fuzz_cib_requests cts/fuzz/fuzz_controller cts/fuzz/fuzz_executor cts/fuzz/fuzz_fencer
fuzz_messages = cts/fuzz/messages.c cts/fuzz/messages.h
cts_fuzz_fuzz_attrd_SOURCES = cts/fuzz/fuzz_attrd.c $(fuzz_messages) daemons/attrd/tests/group.c daemons/attrd/tests/group.h
cts_fuzz_fuzz_attrd_LDFLAGS = $(fuzz_flags)
cts_fuzz_fuzz_attrd_LDADD = $(ATTRD_CORE_LDADD) $(CMOCKA_LIBS)
cts_fuzz_fuzz_cib_requests_SOURCES = cts/fuzz/fuzz_cib_requests.c $(fuzz_messages)
cts_fuzz_fuzz_cib_requests_LDFLAGS = $(fuzz_flags)
cts_fuzz_fuzz_cib_requests_LDADD = $(CIB_CORE_LDADD)
cts_fuzz_fuzz_controller_SOURCES = cts/fuzz/fuzz_controller.c $(fuzz_messages) $(controld_tests_cluster_fixture)
cts_fuzz_fuzz_controller_LDFLAGS = $(fuzz_flags)
cts_fuzz_fuzz_controller_LDADD = $(CONTROLD_CORE_LDADD) $(CMOCKA_LIBS)
cts_fuzz_fuzz_executor_SOURCES = cts/fuzz/fuzz_executor.c $(fuzz_messages) $(EXECD_WORLD)
cts_fuzz_fuzz_executor_LDFLAGS = $(fuzz_flags)
cts_fuzz_fuzz_executor_LDADD = $(EXECD_CORE_LDADD)
cts_fuzz_fuzz_fencer_SOURCES = cts/fuzz/fuzz_fencer.c $(fuzz_messages) daemons/fenced/tests/fenced_world.c daemons/fenced/tests/fenced_world.h
cts_fuzz_fuzz_fencer_LDFLAGS = $(fuzz_flags)
cts_fuzz_fuzz_fencer_LDADD = $(FENCED_CORE_LDADD) $(CMOCKA_LIBS)
endif
