# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories of the kernel's distributed lock manager (DLM) in two machines: our agent starts Debian's dlm_controld, which has lost nodes fenced.

dlm_controld has a node fenced by dlm_stonith, which loads Pacemaker's client library; where that is not installed, the stories of fencing are
skipped.  Told by `run --long`.
"""
import os

from full_stack import FENCING, SBD_DEVICE, operations
from host import PATIENCE, Cluster
from results import Skip

CLIENT_LIBRARY = "/usr/lib/x86_64-linux-gnu/libstonithd.so.26"
LOCKSPACE = "shared"
CLONE = ("<clone id='dlm-clone'><meta_attributes id='dlm-m'><nvpair id='dlm-m-i' name='interleave' value='true'/></meta_attributes>"
         "<primitive id='dlm' class='ocf' provider='pacemaker' type='controld'><operations>%s</operations></primitive></clone>" % operations("dlm", "10s"))
# What udev's rules of dlm-controld do; no udev runs here.  Leaving a lockspace removes its name.
DEVICES = "mkdir -p /dev/misc && for d in dlm-control dlm-monitor dlm_plock dlm_%s; do ln -sfn ../$d /dev/misc/$d; done" % LOCKSPACE


class DlmCluster(Cluster):
    def begin(self, host):
        host.run(DEVICES)
        host.begin()

    def start(self):
        self.on_both(self.begin)
        self.wait_online()

    def restart(self, host):
        host.start(60 * PATIENCE)
        self.begin(host)
        self.wait_online()


def need_client_library():
    if not os.path.exists(CLIENT_LIBRARY):
        raise Skip("Pacemaker's client library, which dlm_stonith loads, is not installed (./check --with-oracle installs it)")


def dlm(host, words, check=True):
    return host.run("timeout %d dlm_tool %s" % (30 * PATIENCE, words), 40 * PATIENCE, check)


def dlm_is_on(cluster, hosts):
    names = sorted(h.name for h in hosts)
    cluster.wait("dlm_controld is on %s" % names, lambda: cluster.where("dlm") == names, 120)
    cluster.wait_idle()


def members(host):
    """The node numbers that share the lockspace, as this host has it; None while it waits for something or has none."""
    lines = [line.split() for line in dlm(host, "ls", check=False).splitlines()]
    if ["name", LOCKSPACE] not in lines or any(words[:1] == ["new"] or "wait" in words for words in lines):
        return None
    return next((words[1:] for words in lines if words[:1] == ["members"]), None)


def has_members(cluster, host, numbers, timeout=60):
    return cluster.wait("%s shares the lockspace with %s" % (host.name, numbers), lambda: members(host) == [str(n) for n in numbers], timeout)


def lockspace_on_both(cluster):
    """At the same time or one after the other: all the same to DLM."""
    cluster.wait_idle()
    dlm_is_on(cluster, cluster.hosts)
    for host in cluster.hosts:
        if members(host) is None:
            host.run(DEVICES)
            dlm(host, "join %s" % LOCKSPACE)
    for host in cluster.hosts:
        has_members(cluster, host, [1, 2])


def goes_on_alone(cluster, lost, survivor):
    """DLM asked for fencing, was content with the answer, and hands out locks again."""
    took = has_members(cluster, survivor, [survivor.number], 4 * cluster.msgwait)
    dump = dlm(survivor, "dump")
    fencing = [line for line in dump.splitlines() if "fence" in line and " %d " % lost.number in line + " "]
    assert any("fence request %d" % lost.number in line for line in fencing), "DLM asked for no fencing:\n" + dump[-3000:]
    assert any("fence result %d" % lost.number in line and "result 0" in line for line in fencing), "\n".join(fencing)
    history = survivor.run("stonith_admin --history %s --verbose" % lost.name, 60 * PATIENCE)
    assert lost.name in history, history
    cluster.say("DLM goes on %.1f s later, msgwait %d s" % (took, cluster.msgwait))
    return history


# --- stories ---

def the_agent_starts_the_lock_manager_and_it_finds_the_cluster(cluster):
    dlm_is_on(cluster, cluster.hosts)
    for host in cluster.hosts:
        status = dlm(host, "status")
        assert "cluster nodeid %d quorate 1" % host.number in status, status
        for number in (1, 2):
            assert "node %d M " % number in status, status


def a_lockspace_is_shared_and_left(cluster):
    lockspace_on_both(cluster)
    alpha, beta = cluster.hosts
    dlm(beta, "leave %s" % LOCKSPACE)
    has_members(cluster, alpha, [1])
    dlm(alpha, "leave %s" % LOCKSPACE)
    cluster.wait("the lockspace is gone", lambda: LOCKSPACE not in dlm(alpha, "ls"), 30)


def the_agent_stops_the_lock_manager_and_starts_it_again(cluster):
    alpha = cluster.hosts[0]
    alpha.run("crm_resource --resource dlm-clone --meta --set-parameter target-role --parameter-value Stopped", 60 * PATIENCE)
    dlm_is_on(cluster, [])
    for host in cluster.hosts:
        assert host.run("pidof dlm_controld", check=False).strip() == "", "dlm_controld still runs on " + host.name
    alpha.run("crm_resource --resource dlm-clone --meta --delete-parameter target-role", 60 * PATIENCE)
    the_agent_starts_the_lock_manager_and_it_finds_the_cluster(cluster)
    failed = [h.run("crm_mon -1", 60 * PATIENCE) for h in cluster.hosts]
    assert not any("Failed Resource Actions" in text for text in failed), failed[0]


def a_crashed_machine_is_fenced_and_the_locks_go_on(cluster):
    need_client_library()
    lockspace_on_both(cluster)
    survivor, lost = cluster.hosts
    lost.stop()  # the plug
    goes_on_alone(cluster, lost, survivor)
    cluster.restart(lost)
    lockspace_on_both(cluster)


def a_machine_that_lost_its_lock_daemon_is_fenced(cluster):
    """The cluster has nothing against that machine: it is DLM, or our agent there, that asks."""
    need_client_library()
    lockspace_on_both(cluster)
    survivor, lost = cluster.hosts
    lost.send("kill -9 $(pidof dlm_controld)")
    lost.wait_end(4 * cluster.msgwait * PATIENCE)
    assert lost.why_ended() == "guest-reset", lost.why_ended()
    history = goes_on_alone(cluster, lost, survivor)
    assert "stonith-api" in history or "stonith_admin" in history, "neither DLM nor the agent asked:\n" + history
    cluster.restart(lost)
    lockspace_on_both(cluster)


STORIES = [the_agent_starts_the_lock_manager_and_it_finds_the_cluster, a_lockspace_is_shared_and_left,
           the_agent_stops_the_lock_manager_and_starts_it_again, a_crashed_machine_is_fenced_and_the_locks_go_on,
           a_machine_that_lost_its_lock_daemon_is_fenced]


def with_locks(world):
    if not os.path.exists("/usr/sbin/dlm_controld"):
        raise Skip("/usr/sbin/dlm_controld is not installed (package dlm-controld)")
    cluster = DlmCluster("dlm", world.build, world.stage, disks=[("sbd", 1 << 20)], sbd={"SBD_DEVICE": SBD_DEVICE}, own_time=True)

    def prepare():
        cluster.hosts[0].run("sbd -d %s -1 %d -2 2 -4 %d create" % (SBD_DEVICE, cluster.watchdog_timeout, cluster.msgwait))
        cluster.start()
        cluster.options(stonith_timeout="%ds" % (3 * cluster.msgwait), stonith_enabled="true", no_quorum_policy="freeze")
        cluster.configure("<resources>%s%s</resources>" % (FENCING, CLONE))
        cluster.wait_idle()
    return cluster, prepare


GROUPS = [("lock manager", with_locks, STORIES)]
