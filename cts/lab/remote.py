# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories of Pacemaker Remote: hosts without Corosync that run resources for the cluster.  Run by scenarios.py.

With Debian's controller and our pacemaker-remoted where Debian's Pacemaker is installed.
"""
import os
import signal

from lab import wait_until
from results import Skip
from world import active, configure, set_option

DUMMY = ('<primitive id="d1" class="ocf" provider="pacemaker" type="Dummy"><operations>'
         '<op id="d1-mon" name="monitor" interval="2s" timeout="20s"/></operations></primitive>')
REMOTE = ('<primitive id="{0}" class="ocf" provider="pacemaker" type="remote">'
          '<instance_attributes id="{0}-attrs"><nvpair id="{0}-server" name="server" value="{1}"/></instance_attributes>'
          '<operations><op id="{0}-mon" name="monitor" interval="3s" timeout="10s"/>'
          '<op id="{0}-start" name="start" interval="0s" timeout="30s"/></operations></primitive>')


def need_debian():
    if not os.path.exists("/usr/lib/pacemaker/pacemaker-controld"):
        raise Skip("Debian's pacemaker is not installed (./check --with-oracle installs it)")


# --- the world in a line ---

def set_up(lab, program=None):
    """The remote host joins, and the dummy prefers it."""
    host, = lab.remotes
    if not host.pid:
        host.boot()
    host.start_stack(*([program] if program else []))
    set_option(lab, "stonith-enabled", "false")
    configure(lab, "<resources>%s%s</resources>" % (REMOTE.format(host.name, host.address), DUMMY))
    configure(lab, '<constraints><rsc_location id="prefers" rsc="d1" node="%s" score="1000"/></constraints>' % host.name)
    expect_on(lab, "d1", host.name)
    return host


def expect_on(lab, resource, name, timeout=40):
    wait_until("%s runs on %s" % (resource, name), lambda: active(lab, resource) == [name], timeout)


def is_online(lab, name):
    st = lab.running()[0].status()
    return st is not None and any(e.get("name") == name and e.get("type") == "remote" and e.get("online") == "true"
                                  for e in st.findall("./nodes/node"))


def attribute(lab, node, name):
    st = lab.running()[0].status()
    found = [e.get("value") for n in st.findall("./node_attributes/node") if n.get("name") == node
             for e in n if e.get("name") == name] if st is not None else []
    return found[0] if found else None


def tools_work_on(lab, host, run):
    """Programs on the remote host reach the cluster, as that host."""
    assert run(["crm_node", "-n"]).stdout.strip() == host.name
    assert "RemoteOnline: [ %s ]" % host.name in run(["crm_mon", "-1"]).stdout
    assert "d1 is running on: %s" % host.name in run(["crm_resource", "-r", "d1", "-W"]).stdout
    p = run(["attrd_updater", "-n", "site", "-U", "north"])
    assert p.returncode == 0, p.stdout
    wait_until("the attribute is the remote host's", lambda: attribute(lab, host.name, "site") == "north", 10)
    assert 'value="north"' in run(["attrd_updater", "-n", "site", "-Q"]).stdout
    p = run(["crm_attribute", "-n", "colour", "-l", "reboot", "-v", "blue"])
    assert p.returncode == 0, p.stdout
    wait_until("the other attribute is the remote host's", lambda: attribute(lab, host.name, "colour") == "blue", 10)
    p = run(["cibadmin", "-Q", "-o", "nodes"])
    assert p.returncode == 0 and "<nodes" in p.stdout, p.stdout
    p = run(["stonith_admin", "-L"])
    assert "0 fence devices found" in p.stdout, p.stdout


def leaves_in_order(lab, host):
    """pacemaker-remoted ends when the cluster has moved everything away, not before."""
    pid, = host.pids("pacemaker-remoted")
    os.kill(pid, signal.SIGTERM)
    wait_until("pacemaker-remoted has ended", lambda: not host.pids("pacemaker-remoted"), 30)
    assert not host.run(["ls", "/run/resource-agents"]).stdout.count("Dummy-d1"), "the resource was left behind"
    expect_on(lab, "d1", lab.nodes[0].name)
    assert not is_online(lab, host.name)


# --- stories ---

def our_remote_host_serves_debians_cluster(make_lab):
    need_debian()
    with make_lab(suffix="rd", nodes=1, debian_nodes=["node1"], remotes=1) as lab:
        lab.create()
        lab.start(timeout=120)
        host, = lab.remotes
        host.boot()
        refused = host.run(["cibadmin", "-Q"], check=False)
        assert refused.returncode != 0
        set_up(lab)
        assert is_online(lab, host.name)
        tools_work_on(lab, host, lambda argv: host.run(argv, check=False))
        tools_work_on(lab, host, host.debian)
        leaves_in_order(lab, host)


ALONE = [our_remote_host_serves_debians_cluster]


def run_alone(results, chosen, make_lab):
    for story in chosen:
        results.run(story.__name__.replace("_", " "), lambda: story(make_lab))


GROUPS = [(ALONE, run_alone)]
