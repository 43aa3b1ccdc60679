#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SBD on the lab's hosts: poison pills over shared disks, diskless mode, and the watchdog.

usage: sbd.py --stage DIR [--long] [--only WORD ...] [--group WORD] [--name LAB] [--list]

What a host with sbd is made of: sbd_lab.py.  Stories without a cluster: sbd_alone.py; of an
administrator's work: sbd_procedures.py; of nodes of Debian's among ours: sbd_foreign.py.
"""
import argparse
import os
import re
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
import sbd_alone  # noqa: E402
import sbd_foreign  # noqa: E402
import sbd_procedures  # noqa: E402
from lab import wait_until  # noqa: E402
from results import Results, Skip  # noqa: E402
from sbd_lab import (EXTERNAL_SBD, IO, LOOP, MSGWAIT, W, SbdLab, alive_for, best_agent, cut_off_home_of, fencing_on, last_fencing, sbd_process,  # noqa: E402
                     titles, wait_dead)
from world import active, configure, dummies, expect_active, set_option  # noqa: E402

DC_DEADTIME = 20  # seconds: Pacemaker's default

# --- stories: three nodes, one disk ---

def sbd_runs_beneath_the_cluster(s):
    """Titles, PID file, slots and watchdog are as other programs look for them; Pacemaker knows of the watchdog."""
    for n in s.lab.nodes:
        got = sorted(re.sub(r"uuid: [0-9a-f-]{36}", "uuid: U", t) for t in titles(n).values())
        device = s.disks[0].device
        slot = list(s.list(n)).index(n.name)
        assert got == ["sbd: inquisitor", "sbd: watcher: %s - slot: %d - uuid: U" % (device, slot), "sbd: watcher: Cluster",
                       "sbd: watcher: Pacemaker"], got
        pid_file = n.output("cat", "/run/sbd.pid")
        assert re.fullmatch(r" {0,9}[0-9]+\n", pid_file) and len(pid_file) == 11, repr(pid_file)
        assert n.output("readlink", "/proc/%d/exe" % int(pid_file)).strip() == "/usr/sbin/sbd"
        assert s.dogs[n.name].deadline is not None, "the watchdog of %s is not armed" % n.name
    assert sorted(s.list()) == ["node1", "node2", "node3"] and {w for w, _ in s.list().values()} == {"clear"}, s.list()
    properties = {e.get("name"): e.get("value") for e in s.lab.nodes[0].cib().iter("nvpair")}
    assert properties.get("have-watchdog") == "true", properties
    text = s.lab.nodes[0].output("corosync-cpgtool")
    assert len(re.findall(r"^sbd:cluster", text, re.M)) == 1 and len(re.findall(r"sbd:cluster.*\n(?:\s+\d+\s+\d+ .*\n){3}", text)) == 1, text


def a_test_message_is_logged_and_taken(s):
    one, two = s.lab.nodes[:2]
    one.run(["sbd", "-d", s.disks[0].device, "-n", "somebody", "message", two.name, "test"])
    wait_until("the mailbox is empty again", lambda: s.list()[two.name][0] == "clear", 5)
    assert "Received command test from somebody on disk %s" % s.disks[0].device in two.log("syslog"), two.log("syslog")[-500:]
    assert two.pid and sbd_process(two)


def a_poison_pill_kills_at_once(s):
    configure(s.lab, dummies(3))
    s.lab.wait_idle()
    victim = s.lab.nodes[2]
    begin = time.monotonic()
    p = s.lab.nodes[0].spawn(["sbd"] + s.device_words() + ["message", victim.name, "reset"], "message.out")
    wait_dead(s.lab, victim, IO + LOOP + 2)
    took = time.monotonic() - begin
    assert p.wait(MSGWAIT + 5) == 0
    assert time.monotonic() - begin >= MSGWAIT, "`message` came back before msgwait was over"
    assert not s.dogs[victim.name].fired, "it was the watchdog, not the message"
    assert s.list()[victim.name] == ("reset", "node1")
    print("    (dead %.1f s after the message)" % took)


def a_lost_node_is_fenced_by_disk_before_its_resources_move(s):
    fencing_on(s)
    configure(s.lab, dummies(3))
    s.lab.wait_idle()
    victim = s.lab[expect_active(s.lab, "d1")[0]]
    victim.power_off()
    s.dogs[victim.name].power_is_off()
    begin = time.monotonic()
    wait_until("d1 runs elsewhere", lambda: (active(s.lab, "d1") or [victim.name]) != [victim.name], 60)
    took = time.monotonic() - begin
    assert took >= MSGWAIT, "recovered after %.1f s, before msgwait (%d s) was over" % (took, MSGWAIT)
    word, sender = s.list()[victim.name]
    assert word == "reset" and sender != victim.name, (word, sender)
    print("    (recovered %.1f s after the loss, msgwait %d s)" % (took, MSGWAIT))


def fencing_a_living_node_really_kills_it(s, agent=None):
    """By fence_sbd of the fence-agents where it is installed."""
    fencing_on(s, agent or best_agent())
    fencer, victim = s.lab.nodes[0], s.lab.nodes[1]
    begin = time.monotonic()
    p = fencer.spawn(["stonith_admin", "--reboot", victim.name, "--timeout", "40"], "stonith_admin.out")
    wait_dead(s.lab, victim, 15)
    took = time.monotonic() - begin
    assert p.wait(60) == 0, last_fencing(fencer, victim.name)
    assert time.monotonic() - begin >= MSGWAIT
    print("    (dead after %.1f s, fenced after %.1f s)" % (took, time.monotonic() - begin))
    s.power_on(victim)
    s.lab.wait_online()
    assert s.list()[victim.name][0] == "clear", "a fresh start empties the mailbox"


def external_sbd_fences_too(s):
    """Our plug-in, by cluster-glue's stonith."""
    if not os.path.exists("/usr/sbin/stonith"):
        raise Skip("cluster-glue is not installed")
    fencing_a_living_node_really_kills_it(s, EXTERNAL_SBD)


def a_killed_inquisitor_takes_the_node_along(s):
    victim = s.lab.nodes[2]
    pid, = sbd_process(victim)
    os.kill(pid, signal.SIGKILL)
    took = wait_dead(s.lab, victim, 2)
    assert not s.dogs[victim.name].fired, "only the watchdog noticed"
    print("    (dead after %.2f s)" % took)


def a_frozen_inquisitor_is_the_watchdogs_prey(s):
    victim = s.lab.nodes[2]
    pid, = sbd_process(victim)
    os.kill(pid, signal.SIGSTOP)
    took = wait_dead(s.lab, victim, W + 2)
    assert s.dogs[victim.name].fired and took >= W - 1.5, "dead after %.1f s" % took
    s.dogs[victim.name].fired.clear()


def pacemaker_stops_and_starts_in_step(s):
    """An orderly stop of Pacemaker is no failure: sbd stays, the node lives, and the next start is waited for."""
    node = s.lab.nodes[1]
    node.stop_stack(timeout=30)
    if s.whose[node.name] == "ours":
        assert "Pacemaker was stopped in order" in node.log("syslog"), node.log("syslog")[-800:]
    end = time.monotonic() + W + IO + LOOP + 1
    while time.monotonic() < end:
        assert node.pid, "%s was reset" % node.name
        time.sleep(0.2)
    assert sbd_process(node)
    # Without its sbd a waiting launcher starts nothing: freeze the one who would ask.
    watcher, = sbd_process(node, "sbd: watcher: Pacemaker")
    os.kill(watcher, signal.SIGSTOP)
    node.start_stack()
    time.sleep(2)
    state = node.run(["crmadmin", "-P"], check=False).stdout
    os.kill(watcher, signal.SIGCONT)
    assert "startup trigger from SBD" in state, state
    s.lab.wait_online()


def stray_signals_to_watchers_are_survived(s):
    """Whoever kills watchers, or sends them what the kernel sends at their inquisitor's end, harms nobody."""
    node = s.lab.nodes[1]
    inquisitor, = sbd_process(node)
    for sig in (signal.SIGUSR2, signal.SIGTERM, signal.SIGKILL):
        for pid, title in titles(node).items():
            if title.startswith("sbd: watcher"):
                os.kill(pid, sig)
        wait_until("all watchers run again", lambda: len(titles(node)) == 4 and s.dogs[node.name].deadline is not None, 10)
        alive_for(s, 7)  # a watcher that dies early is held back for 6 s
    os.kill(inquisitor, signal.SIGUSR2)
    alive_for(s, 2)
    assert sbd_process(node) == [inquisitor]


def a_clean_stop_of_sbd_disarms_the_watchdog(s):
    node = s.lab.nodes[1]
    node.stop_stack(timeout=30)
    pid, = sbd_process(node)
    os.kill(pid, signal.SIGTERM)
    wait_until("sbd has ended", lambda: not titles(node), 10)
    assert s.dogs[node.name].deadline is None, "the watchdog is still armed"
    assert node.run(["test", "-e", "/run/sbd.pid"], check=False).returncode == 1, "the PID file is still there"
    time.sleep(W + 1)
    assert node.pid, "%s was reset" % node.name
    assert s.start_sbd(node) == 0


def the_loss_of_the_disk_is_survived_with_pacemaker_only(s):
    """One disk gone: quorate, clean nodes live on; one that loses its quorum then dies."""
    disk = s.disks[0]
    s.wait_vouched_for()
    disk.lose()
    try:
        for n in s.lab.nodes:
            wait_until("%s goes on by Pacemaker's word" % n.name, lambda: "surviving on pacemaker" in n.log("syslog"), 15)
        time.sleep(W + IO + LOOP + 1)
        assert all(n.pid for n in s.lab.nodes), "a node died though Pacemaker vouches for it"
        lone = s.lab.nodes[2]
        begin = time.monotonic()
        lone.unplug()
        wait_dead(s.lab, lone, 30)
        print("    (cut off: dead after %.1f s)" % (time.monotonic() - begin))
        time.sleep(W + IO + LOOP)
        assert s.lab.nodes[0].pid and s.lab.nodes[1].pid, "the quorate side died, too"
    finally:
        disk.give_back()
        for n in s.lab.nodes:
            for pid in sbd_process(n):
                os.kill(pid, signal.SIGUSR1)
    time.sleep(2)


def cut_off_with_a_new_controller(s, node):
    """It loses the others, and nobody tells its CIB: its controller has just started, and waits for a DC.  How long it lives on."""
    begin, seen = time.monotonic(), len(node.log("syslog"))
    node.unplug()
    node.kill("pacemaker-controld")
    wait_dead(s.lab, node, DC_DEADTIME - 5)
    took = time.monotonic() - begin
    assert "Corosync says that there is no quorum" in node.log("syslog")[seen:], node.log("syslog")[-1500:]
    print("    (cut off: dead after %.1f s)" % took)
    time.sleep(W + IO + LOOP)
    assert len(s.lab.running()) == 2, "the quorate side died, too"


def without_its_disk_a_cib_that_still_claims_quorum_does_not_keep_a_node(s):
    disk = s.disks[0]
    s.wait_vouched_for()
    seen = {n.name: len(n.log("syslog")) for n in s.lab.nodes}
    disk.lose()
    try:
        for n in s.lab.nodes:
            wait_until("%s goes on by Pacemaker's word" % n.name, lambda: "surviving on pacemaker" in n.log("syslog")[seen[n.name]:], 15)
        cut_off_with_a_new_controller(s, s.lab.nodes[2])
    finally:
        disk.give_back()
        for n in s.lab.nodes:
            for pid in sbd_process(n):
                os.kill(pid, signal.SIGUSR1)
    time.sleep(2)


def start_mode_clean_refuses_a_fenced_node(s):
    node, other = s.lab.nodes[2], s.lab.nodes[0]
    node.power_off()
    s.dogs[node.name].power_is_off()
    s.message(other, node.name, "reset")
    node.boot()
    node.start_corosync()
    node.write_file("default/sbd", "".join('%s="%s"\n' % i for i in sorted(dict(s.env, SBD_STARTMODE="clean").items())))
    try:
        rc = s.start_sbd(node)
        assert rc == 1, "sbd started with status %s" % rc
        assert "Manual intervention required" in node.log("syslog")
        assert s.list(other)[node.name][0] == "reset", "the message was touched"
        s.message(other, node.name, "clear")
        assert s.start_sbd(node) == 0, node.log("syslog")[-1500:]
    finally:
        node.write_file("default/sbd", "".join('%s="%s"\n' % i for i in sorted(s.env.items())))
        node.power_off()
        s.dogs[node.name].power_is_off()


def check_finds_what_is_wrong(s):
    node = s.lab.nodes[0]
    set_option(s.lab, "stonith-timeout", "5s")
    set_option(s.lab, "stonith-enabled", "false")
    p = node.run(["sh", "-c", "set -a; . /etc/default/sbd; sbd -I 1 check"], check=False)
    assert p.returncode == 1 and "set stonith-timeout to 8s" in p.stdout and "set stonith-enabled to true" in p.stdout, p.stdout
    fencing_on(s)
    p = node.run(["sh", "-c", "set -a; . /etc/default/sbd; sbd -I 1 check"], check=False)
    assert p.returncode == 0 and "0 error(s)" in p.stdout, p.stdout


# --- stories: without disks ---

def a_node_without_quorum_dies_and_the_others_recover(s):
    set_option(s.lab, "stonith-enabled", "true")
    set_option(s.lab, "stonith-watchdog-timeout", "%ds" % (3 * W))
    set_option(s.lab, "stonith-timeout", "40s")
    configure(s.lab, dummies(3))
    s.lab.wait_idle()
    victim, died, recovered = cut_off_home_of(s, "d1")
    assert died < recovered, "recovered after %.1f s, but it lived for %.1f s" % (recovered, died)
    assert len(s.lab.running()) == 2
    print("    (cut off: dead after %.1f s, recovered after %.1f s)" % (died, recovered))


def a_stop_failure_kills_the_node(s):
    """Nothing can shoot it, so the node has to do it itself: the cluster calls it unclean, its own sbd sees that."""
    set_option(s.lab, "stonith-enabled", "true")
    set_option(s.lab, "stonith-watchdog-timeout", "%ds" % (3 * W))
    configure(s.lab, "<resources><primitive id='slow' class='ocf' provider='heartbeat' type='Delay'><instance_attributes id='slow-i'>"
                     "<nvpair id='slow-s' name='startdelay' value='0'/><nvpair id='slow-t' name='stopdelay' value='3'/>"
                     "<nvpair id='slow-m' name='mondelay' value='0'/></instance_attributes>"
                     "<operations><op id='slow-stop' name='stop' interval='0' timeout='1s'/></operations></primitive></resources>")
    s.lab.wait_idle()
    victim = s.lab[expect_active(s.lab, "slow")[0]]
    victim.run(["crm_resource", "--ban", "--resource", "slow", "--node", victim.name])
    begin = time.monotonic()
    wait_dead(s.lab, victim, 30)
    died = time.monotonic() - begin
    wait_until("slow runs elsewhere", lambda: (active(s.lab, "slow") or [victim.name]) != [victim.name], 60)
    print("    (dead after %.1f s, recovered after %.1f s)" % (died, time.monotonic() - begin))
    # The next story's first act is to stop everything: that may succeed.
    s.lab.running()[0].run(["cibadmin", "--modify", "--xml-text", "<op id='slow-stop' timeout='30s'/>"])


def a_frozen_launcher_kills_the_node(s):
    victim = s.lab.nodes[2]
    victim.kill("pacemakerd", signal.SIGSTOP)
    took = wait_dead(s.lab, victim, 2 * W + IO + LOOP + 4)
    print("    (dead after %.1f s)" % took)


def a_killed_corosync_kills_the_node(s):
    victim = s.lab.nodes[2]
    victim.kill("corosync")
    took = wait_dead(s.lab, victim, W + IO + LOOP + 4)
    print("    (dead after %.1f s)" % took)


def a_cib_that_still_claims_quorum_does_not_keep_a_node(s):
    cut_off_with_a_new_controller(s, s.lab.nodes[2])


# --- stories: three disks ---

def one_of_three_disks_may_be_lost_and_fencing_still_works(s):
    one, victim = s.lab.nodes[0], s.lab.nodes[2]
    s.disks[1].lose()
    try:
        alive_for(s, W + IO + LOOP + 2)
        assert "Majority of devices lost" not in one.log("syslog")
        p = s.message(one, victim.name, "reset", check=False)
        assert p.returncode == 0 and not victim.pid, p.stdout
        s.power_on(victim)
    finally:
        s.disks[1].give_back()
    for pid in [pid for n in s.lab.nodes for pid in sbd_process(n)]:
        os.kill(pid, signal.SIGUSR1)
    s.lab.wait_online()


def with_two_of_three_lost_nobody_can_be_fenced_and_pacemaker_keeps_the_nodes(s):
    one, other = s.lab.nodes[0], s.lab.nodes[1]
    s.wait_vouched_for()
    s.disks[0].lose()
    s.disks[2].lose()
    try:
        wait_until("the loss is noticed", lambda: "Majority of devices lost" in one.log("syslog"), 15)
        alive_for(s, W + IO + LOOP + 2)
        p = one.run(["sbd"] + s.device_words() + ["message", other.name, "test"], check=False)
        assert p.returncode == 1, "a message to one of three disks counts as delivered"
    finally:
        s.disks[0].give_back()
        s.disks[2].give_back()
    for pid in [pid for n in s.lab.nodes for pid in sbd_process(n)]:
        os.kill(pid, signal.SIGUSR1)
    alive_for(s, 4)


def disks_that_do_not_agree_stop_the_start(s):
    node = s.lab.nodes[2]
    node.power_off()
    s.dogs[node.name].power_is_off()
    kept = s.disks[2].read(16, 4)
    node.boot()
    node.start_corosync()
    s.disks[2].write(16, b"\0\0\0\x09")
    try:
        assert s.start_sbd(node) == 1
        assert "Timeouts on %s do not match" % s.disks[2].device in node.log("syslog")
        p = node.run(["sh", "-c", "set -a; . /etc/default/sbd; sbd -I 1 check"], check=False)
        assert p.returncode == 1 and "%s has other metadata than" % s.disks[2].device in p.stdout, p.stdout
    finally:
        s.disks[2].write(16, kept)
        node.power_off()
        s.dogs[node.name].power_is_off()


# --- stories: quorum options without disks ---

def a_qdevice_that_is_slower_than_the_watchdog_is_distrusted(s):
    node = s.lab.nodes[2]
    for key, kind, value in (("quorum.device.sync_timeout", "u32", "2000"), ("quorum.device.model", "str", "net")):
        node.run(["corosync-cmapctl", "-s", key, kind, value])
    alive_for(s, W + IO + LOOP + 2)
    p = node.run(["sh", "-c", "set -a; . /etc/default/sbd; sbd -I 1 check"], check=False)
    assert "sync_timeout" not in p.stdout, p.stdout
    node.run(["corosync-cmapctl", "-s", "quorum.device.sync_timeout", "u32", "30000"])
    p = node.run(["sh", "-c", "set -a; . /etc/default/sbd; sbd -I 1 check"], check=False)
    assert "set quorum.device.sync_timeout to %d000 or less" % W in p.stdout, p.stdout
    wait_dead(s.lab, node, W + IO + LOOP + 2)
    assert "distrusted for SBD as qdevice-sync_timeout (30s) > watchdog-timeout (%ds)" % W in node.log("syslog")


def of_two_nodes_without_disk_both_are_needed(s):
    one, other = s.lab.nodes
    p = one.run(["sh", "-c", "set -a; . /etc/default/sbd; sbd -I 1 check"], check=False)
    assert p.returncode == 1 and "add a qdevice" in p.stdout, p.stdout
    other.stop_stack(timeout=30)
    pid, = sbd_process(other)
    os.kill(pid, signal.SIGTERM)
    took = wait_dead(s.lab, one, W + IO + LOOP + 4)
    assert "requires both nodes present" in one.log("syslog")
    print("    (dead after %.1f s)" % took)


def a_stop_of_pacemaker_is_understood_without_the_handshake(s):
    """As with a configuration file that pcs wrote: the variable is missing, which Pacemaker takes for no."""
    configure(s.lab, dummies(3))
    s.lab.wait_idle()
    dc = s.lab.dc()
    for node in (dc, next(n for n in s.lab.nodes if n is not dc)):
        seen = len(node.log("syslog"))
        node.stop_stack(timeout=30)
        alive_for(s, 2 * W + IO + LOOP)
        assert "Pacemaker was stopped in order" in node.log("syslog")[seen:], node.log("syslog")[-800:]
        node.start_stack()
        s.lab.wait_online()
        s.wait_seen_by_sbd()


# --- stories: ours and theirs together ---

def the_cluster_stays_healthy(s):
    configure(s.lab, dummies(3))
    s.lab.wait_idle()
    end = time.monotonic() + 15
    while time.monotonic() < end:
        assert all(n.pid and sbd_process(n) for n in s.lab.nodes), "somebody was reset"
        time.sleep(0.5)
    for n in s.lab.nodes:
        assert s.dogs[n.name].deadline is not None and not s.dogs[n.name].fired
    assert len(s.lab.running()) == len(s.lab.nodes)


def each_can_kill_the_other(s):
    by = {}
    for n in s.lab.nodes:
        by.setdefault(s.whose[n.name], n)
    for killer, victim in ((by["ours"], by["debian"]), (by["debian"], by["ours"])):
        killer.run(["sbd"] + s.device_words() + ["message", victim.name, "reset"], timeout=MSGWAIT + 10)
        assert not victim.pid, "%s (sbd: %s) lives" % (victim.name, s.whose[victim.name])
        assert not s.dogs[victim.name].fired
        s.power_on(victim)
        s.lab.wait_online()


# --- groups ---

QUICK = [sbd_runs_beneath_the_cluster, a_test_message_is_logged_and_taken, check_finds_what_is_wrong, a_poison_pill_kills_at_once,
         fencing_a_living_node_really_kills_it, pacemaker_stops_and_starts_in_step, a_killed_inquisitor_takes_the_node_along]
ONE_DISK = [external_sbd_fences_too, a_lost_node_is_fenced_by_disk_before_its_resources_move, a_frozen_inquisitor_is_the_watchdogs_prey,
            stray_signals_to_watchers_are_survived, a_clean_stop_of_sbd_disarms_the_watchdog, the_loss_of_the_disk_is_survived_with_pacemaker_only,
            without_its_disk_a_cib_that_still_claims_quorum_does_not_keep_a_node, start_mode_clean_refuses_a_fenced_node]
DISKLESS = [a_node_without_quorum_dies_and_the_others_recover, a_stop_failure_kills_the_node, a_frozen_launcher_kills_the_node,
            a_killed_corosync_kills_the_node, a_cib_that_still_claims_quorum_does_not_keep_a_node, a_qdevice_that_is_slower_than_the_watchdog_is_distrusted]
MIXED = [sbd_runs_beneath_the_cluster, the_cluster_stays_healthy, fencing_a_living_node_really_kills_it, pacemaker_stops_and_starts_in_step,
         a_killed_inquisitor_takes_the_node_along]


def group(options, results, title, stories, begin=SbdLab.start, between=SbdLab.whole, **kw):
    """One lab for some stories; it is made ready by `begin`, and made ready again by `between`."""
    wanted = [f for f in stories if not options.only or any(w in f.__name__ for w in options.only)]
    if options.group not in title:
        return
    if options.list:
        print("\n".join("%s: %s" % (title, f.__name__) for f in wanted))
        return
    if not wanted:
        return
    try:
        with SbdLab(options, name=options.name, **kw) as s:
            begin(s)
            first = True
            for f in wanted:
                def story():
                    if not first:
                        between(s)
                    try:
                        f(s)
                    except BaseException:
                        print("lab: logs of all nodes are in %s" % s.lab.save_logs())
                        raise
                results.run("%s: %s" % (title, f.__name__.replace("_", " ")), story)
                first = False
    except Skip as e:
        results.skip(title, e)
    except Exception as e:
        results.not_ok(title, "%s: %s" % (type(e).__name__, e))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--stage", required=True)
    ap.add_argument("--long", action="store_true")
    ap.add_argument("--only", nargs="*", default=[])
    ap.add_argument("--group", default="", help="only groups with this in their title")
    ap.add_argument("--list", action="store_true")
    ap.add_argument("--name", default="sbd", help="the lab's name: one runs at a time under each")
    options = ap.parse_args()
    options.stage = os.path.abspath(options.stage)
    results = Results()
    everything = options.long or options.only or options.group
    group(options, results, "one disk", QUICK + (ONE_DISK if everything else []))
    if everything:
        group(options, results, "no disk", DISKLESS, disks=0)
        group(options, results, "three disks", [one_of_three_disks_may_be_lost_and_fencing_still_works,
                                                with_two_of_three_lost_nobody_can_be_fenced_and_pacemaker_keeps_the_nodes,
                                                disks_that_do_not_agree_stop_the_start], disks=3)
        group(options, results, "two nodes, no disk", [of_two_nodes_without_disk_both_are_needed], nodes=2, disks=0,
              quorum="two_node: 1;wait_for_all: 0")
        group(options, results, "no disk, no handshake", [a_stop_of_pacemaker_is_understood_without_the_handshake], disks=0,
              env={"SBD_SYNC_RESOURCE_STARTUP": None})
        for title, stories, kw in sbd_procedures.GROUPS + sbd_foreign.GROUPS:
            group(options, results, title, stories, **kw)
        for title, stories, disks in sbd_alone.GROUPS:
            group(options, results, title, stories, nodes=1, disks=disks, begin=SbdLab.boot, between=SbdLab.boot_anew)
        group(options, results, "Debian's sbd beside our daemons", MIXED, sbd=["debian"] * 3)
        group(options, results, "our sbd beside Debian's daemons", MIXED, stack="debian", sbd=["ours"] * 3)
        group(options, results, "both kinds of sbd on one disk", [sbd_runs_beneath_the_cluster, each_can_kill_the_other],
              sbd=["ours", "debian", "ours"])
        group(options, results, "diskless, Debian's sbd beside our daemons", [the_cluster_stays_healthy, pacemaker_stops_and_starts_in_step],
              sbd=["debian"] * 3, disks=0)
        group(options, results, "diskless, our sbd beside Debian's daemons", [the_cluster_stays_healthy, pacemaker_stops_and_starts_in_step],
              stack="debian", sbd=["ours"] * 3, disks=0)
    return 0 if options.list else results.finish()


if __name__ == "__main__":
    sys.exit(main())
