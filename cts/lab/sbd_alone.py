# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories of sbd on one host without a cluster: how long it waits before it starts, and how it guards a Pacemaker Remote node.

Told by sbd.py --long.  No daemon of the cluster runs here; pacemaker-remoted has nothing to do: all that sbd wants to know of it is that
it runs.
"""
import collections
import os
import re
import signal
import time

from lab import LabError, wait_until
from sbd_lab import IO, LOOP, MSGWAIT, W, alive_for, titles, wait_dead

REMOTED = "/usr/sbin/pacemaker-remoted"
DELAYS = {"yes": MSGWAIT, "true": MSGWAIT, "ON": MSGWAIT, "y": MSGWAIT, "1": MSGWAIT, "2": 2, "3s": 3, "4sec": 4, "2500ms": 2,
          "no": 0, "false": 0, "off": 0, "n": 0, "0": 0, "0s": 0, "900ms": 0, "": 0, "soon": 0}


# --- SBD_DELAY_START ---

def delays_told(node):
    return [int(n) for n in re.findall(r"Delaying the start by (\d+) seconds", node.log("syslog"))]


def every_value_delays_the_start_for_its_time(s):
    """Each by an sbd of its own, all at the same time, under names and PID files of their own and without a watchdog."""
    node, = s.lab.nodes
    node.run(["sbd", "-d", s.disks[0].device, "-1", str(W), "-2", "0", "-3", str(LOOP), "-4", str(MSGWAIT), "create"])
    for i in range(len(DELAYS)):  # else they would wait for each other
        node.run(["sbd", "-d", s.disks[0].device, "allocate", "host%d" % i])
    begin = time.monotonic()
    waiting = {}
    for i, value in enumerate(DELAYS):
        waiting[value] = s.begin_sbd(node, "-w /dev/null -n host%d -p /run/sbd%d.pid" % (i, i), SBD_DELAY_START=value,
                                     SBD_PACEMAKER="no", SBD_SYNC_RESOURCE_STARTUP="no")
    while waiting:
        for value in [v for v, p in waiting.items() if p.poll() is not None]:
            took = time.monotonic() - begin
            assert waiting.pop(value).returncode == 0, "%r: sbd does not start\n%s" % (value, node.log("syslog")[-1500:])
            assert took >= DELAYS[value], "%r: started after %.1f s" % (value, took)
        if time.monotonic() - begin > MSGWAIT + 60:
            raise LabError("still waiting with SBD_DELAY_START %s" % sorted(waiting))
        time.sleep(0.05)
    expected = collections.Counter(seconds for seconds in DELAYS.values() if seconds)
    assert collections.Counter(delays_told(node)) == expected, delays_told(node)
    assert node.log("syslog").count("SBD_DELAY_START is neither yes, no nor a time") == 1, "only \"soon\" deserves a warning"


def nothing_is_touched_during_the_delay(s):
    """Peers may still wait for this host's death: neither its mailbox nor the watchdog says that it is back."""
    node, = s.lab.nodes
    node.run(["sbd", "-d", s.disks[0].device, "allocate", node.name])
    node.run(["sbd", "-d", s.disks[0].device, "-n", "somebody", "message", node.name, "exit"])
    told = len(delays_told(node))
    p = s.begin_sbd(node, SBD_DELAY_START="yes", SBD_PACEMAKER="no", SBD_SYNC_RESOURCE_STARTUP="no")
    begin = time.monotonic()
    wait_until("it says that it waits", lambda: len(delays_told(node)) > told, 20)
    while time.monotonic() - begin < MSGWAIT - 1:
        assert p.poll() is None and len(titles(node)) == 1, titles(node)
        assert s.dogs[node.name].deadline is None, "the watchdog is armed"
        assert s.list(node)[node.name] == ("exit", "somebody"), s.list(node)
        time.sleep(0.2)
    assert p.wait(30) == 0, node.log("syslog")[-1500:]
    assert s.dogs[node.name].deadline is not None and s.list(node)[node.name][0] == "clear", s.list(node)


def without_disks_yes_is_twice_the_watchdogs_time(s):
    node, = s.lab.nodes
    node.start_corosync()
    begin = time.monotonic()
    p = s.begin_sbd(node, SBD_DELAY_START="yes", SBD_WATCHDOG_TIMEOUT="2")
    assert p.wait(60) == 0, node.log("syslog")[-1500:]
    assert time.monotonic() - begin >= 4 and delays_told(node) == [4], delays_told(node)


# --- remote nodes ---

def start_remoted(node):
    return node.spawn([REMOTED], "remoted.out")


def kill_remoted(node):
    pid, = node.pids("pacemaker-remoted")
    os.kill(pid, signal.SIGKILL)


def a_remote_node_lives_as_long_as_its_pacemaker_remoted(s):
    node, = s.lab.nodes
    p = s.begin_sbd(node)
    time.sleep(2 * LOOP + 1)
    assert p.poll() is None and s.dogs[node.name].deadline is None, "sbd has started without anything to guard"
    start_remoted(node)
    assert p.wait(30) == 0, node.log("syslog")[-1500:]
    assert "No corosync here: following pacemaker-remoted" in node.log("syslog")
    assert sorted(titles(node).values()) == ["sbd: inquisitor", "sbd: watcher: Cluster", "sbd: watcher: Pacemaker"], titles(node)
    alive_for(s, W + IO + LOOP + 2)
    kill_remoted(node)  # as an update of its package does it: back at once
    start_remoted(node)
    alive_for(s, W + IO + LOOP + 2)
    kill_remoted(node)
    took = wait_dead(s.lab, node, W + IO + LOOP + 4)
    assert "pacemaker-remoted is gone" in node.log("syslog")
    print("    (dead after %.1f s)" % took)


def a_remote_node_with_a_disk_dies_with_the_disk(s):
    """Nobody vouches for it but the disk: remote mode alone does not count for Pacemaker's word."""
    node, = s.lab.nodes
    start_remoted(node)
    assert s.start_sbd(node) == 0, node.log("syslog")[-1500:]
    alive_for(s, W + IO + LOOP)
    s.disks[0].lose()
    took = wait_dead(s.lab, node, W + IO + LOOP + 6)
    print("    (dead after %.1f s)" % took)


# (title, stories, number of disks)
GROUPS = [("start delay", [every_value_delays_the_start_for_its_time, nothing_is_touched_during_the_delay], 1),
          ("start delay, no disk", [without_disks_yes_is_twice_the_watchdogs_time], 0),
          ("remote node, no disk", [a_remote_node_lives_as_long_as_its_pacemaker_remoted], 0),
          ("remote node, one disk", [a_remote_node_with_a_disk_dies_with_the_disk], 1)]
