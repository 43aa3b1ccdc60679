# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories of the kernel's distributed lock manager (DLM) in two machines: our agent starts and stops Debian's dlm_controld, lockspaces are shared.

Told by `run --long`.
"""
import os

from full_stack import FENCING, SBD_DEVICE, operations
from host import PATIENCE, Cluster
from results import Skip

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


STORIES = [the_agent_starts_the_lock_manager_and_it_finds_the_cluster, a_lockspace_is_shared_and_left,
           the_agent_stops_the_lock_manager_and_starts_it_again]


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
