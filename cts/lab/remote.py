# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories of Pacemaker Remote: hosts without Corosync that run resources for the cluster.  Run by scenarios.py.

With Debian's controller and our pacemaker-remoted, and the other way round, where Debian's Pacemaker is there.
"""
import os
import re
import signal

from fencing import device
from lab import wait_until
from results import Skip
from world import active, configure, run_in_one_lab, set_option, whole

HERE = os.path.dirname(os.path.abspath(__file__))

DUMMY = ('<primitive id="d1" class="ocf" provider="pacemaker" type="Dummy"><operations>'
         '<op id="d1-mon" name="monitor" interval="2s" timeout="20s"/></operations></primitive>')
REMOTE = ('<primitive id="{0}" class="ocf" provider="pacemaker" type="remote">'
          '<instance_attributes id="{0}-attrs"><nvpair id="{0}-server" name="server" value="{1}"/></instance_attributes>'
          '<operations><op id="{0}-mon" name="monitor" interval="3s" timeout="10s"/>'
          '<op id="{0}-start" name="start" interval="0s" timeout="10s"/></operations></primitive>')


def need_debian():
    if not os.path.exists("/usr/lib/pacemaker/pacemaker-controld"):
        raise Skip("Debian's pacemaker is not installed (./check --with-oracle installs it)")


def debians_remoted():
    for place in ("/usr/sbin", os.path.join(HERE, "../../build/oracle-remote/usr/sbin")):
        path = os.path.realpath(os.path.join(place, "pacemaker-remoted"))
        if os.path.exists(path) and os.path.exists("/usr/lib/x86_64-linux-gnu/liblrmd.so.28"):
            return path
    raise Skip("Debian's pacemaker-remote is not there (./check --with-oracle fetches it)")


# --- the world in a line ---

def fresh(lab, story):
    """Every story begins with a whole cluster that knows nothing of remote hosts."""
    host, = lab.remotes
    whole(lab)
    host.power_off()
    for x in ("//node_state[@remote_node='true']", "//nodes/node[@type='remote']"):
        lab.nodes[0].run(["cibadmin", "--delete-all", "--force", "--xpath", x], check=False)


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
    p = run(["crm_mon", "-1"])
    assert re.search(r"(Remote|Guest)Online: \[ %s" % host.name, p.stdout), p.stdout
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
    assert not runs_here(host), "the resource was left behind"
    wait_until("d1 runs on a cluster node", lambda: (active(lab, "d1") or ["remote1"])[0].startswith("node"), 20)
    assert not is_online(lab, host.name)


def runs_here(host):
    return "Dummy-d1" in host.run(["ls", "/run"]).stdout


def connection(lab):
    return (active(lab, "remote1") or [None])[0]


def history(lab, node, resource):
    """Operation keys and results that the CIB has of a resource on a node."""
    return {e.get("operation_key"): e.get("rc-code") for s in lab.running()[0].cib().iter("node_state") if s.get("uname") == node
            for r in s.iter("lrm_resource") if r.get("id") == resource for e in r.iter("lrm_rsc_op")}


# --- stories of one cluster ---

def a_remote_host_runs_resources(lab):
    host = set_up(lab)
    assert is_online(lab, host.name) and runs_here(host)
    wait_until("the monitor is on record", lambda: history(lab, host.name, "d1").get("d1_monitor_2000") == "0", 10)
    state, = [s for s in lab.nodes[0].cib().iter("node_state") if s.get("uname") == host.name]
    assert state.get("remote_node") == "true" and state.get("in_ccm") == "true" and state.get("node_fenced") == "0", state.attrib
    on = {e.get("on_node") for e in state.iter("lrm_rsc_op")}
    assert on == {connection(lab)}, on
    tools_work_on(lab, host, lambda argv: host.run(argv, check=False))
    host.run(["sh", "-c", "rm /run/Dummy-d1*"])
    wait_until("the failure is noticed", lambda: "d1" in lab.nodes[0].run(["crm_mon", "-1f"]).stdout.split("Failed Resource")[-1]
               and runs_here(host), 20)
    expect_on(lab, "d1", host.name)
    lab.nodes[0].run(["crm_resource", "--cleanup", "--resource", "d1"])
    lab.wait_idle()
    expect_on(lab, "d1", host.name)
    leaves_in_order(lab, host)


def a_killed_pacemaker_remoted_is_found_again(lab):
    host = set_up(lab)
    host.run(["attrd_updater", "-n", "gone", "-U", "soon"])
    wait_until("the attribute is there", lambda: attribute(lab, host.name, "gone") == "soon", 10)
    host.kill("pacemaker-remoted")
    host.start_stack()
    wait_until("the loss is on record", lambda: "Lost connection to remote executor" in lab.nodes[0].run(["crm_mon", "-1"]).stdout, 20)
    wait_until("the host is back", lambda: is_online(lab, host.name) and attribute(lab, host.name, "gone") is None, 30)
    expect_on(lab, "d1", host.name)


def resources_of_a_dead_remote_host_go_elsewhere(lab):
    host = set_up(lab)
    set_option(lab, "cluster-recheck-interval", "20s")
    host.power_off()
    wait_until("the host is offline", lambda: not is_online(lab, host.name), 60)
    wait_until("d1 runs on a cluster node", lambda: (active(lab, "d1") or ["remote1"])[0].startswith("node"), 60)


def a_connection_moves_without_a_break(lab):
    """What runs on the host does not notice, and its failures are noticed by the new one."""
    host = set_up(lab)
    first = connection(lab)
    host.run(["sh", "-c", "echo mark >>/run/Dummy-d1*"])  # a restart would make the file anew
    lab[first].run(["crm_attribute", "-N", first, "-n", "standby", "-v", "on"])
    wait_until("the connection has moved", lambda: connection(lab) not in (None, first), 30)
    lab.wait_idle()
    assert "mark" in host.run(["sh", "-c", "cat /run/Dummy-d1*"]).stdout, "it was restarted"
    assert is_online(lab, host.name) and active(lab, "d1") == [host.name]
    second = connection(lab)
    host.run(["sh", "-c", "rm /run/Dummy-d1*"])
    wait_until("the failure is noticed by the new host",
               lambda: any(e.get("rc-code") == "7" and e.get("on_node") == second and e.get("operation_key") == "d1_monitor_2000"
                           for e in lab[second].cib().iter("lrm_rsc_op")), 20)
    wait_until("it was started again", lambda: runs_here(host), 20)
    tools_work_on(lab, host, lambda argv: host.run(argv, check=False))


def the_connection_survives_its_host(lab):
    host = set_up(lab)
    first = connection(lab)
    lab[first].power_off()
    wait_until("the connection is made by another node", lambda: connection(lab) not in (None, first) and is_online(lab, host.name), 60)
    expect_on(lab, "d1", host.name)
    assert runs_here(host)


def a_guest_node_lives_and_dies_with_its_container(lab):
    """The container is a dummy here; its guest is the remote host."""
    host, = lab.remotes
    host.start()
    configure(lab, '<resources><primitive id="box" class="ocf" provider="pacemaker" type="Dummy"><meta_attributes id="box-meta">'
                   '<nvpair id="box-node" name="remote-node" value="%s"/><nvpair id="box-addr" name="remote-addr" value="%s"/>'
                   "</meta_attributes></primitive>%s</resources>" % (host.name, host.address, DUMMY))
    configure(lab, '<constraints><rsc_location id="prefers" rsc="d1" node="%s" score="1000"/></constraints>' % host.name)
    expect_on(lab, "d1", host.name)
    assert runs_here(host)
    tools_work_on(lab, host, lambda argv: host.run(argv, check=False))
    lab.nodes[0].run(["crm_resource", "--resource", "box", "--meta", "--set-parameter", "target-role", "--parameter-value", "Stopped"])
    wait_until("d1 runs on a cluster node", lambda: (active(lab, "d1") or ["remote1"])[0].startswith("node"), 40)
    assert not runs_here(host), "it was not stopped on the guest"
    assert active(lab, "box") in ([], None)


ONE_CLUSTER = [a_guest_node_lives_and_dies_with_its_container, a_remote_host_runs_resources, a_killed_pacemaker_remoted_is_found_again,
               a_connection_moves_without_a_break, the_connection_survives_its_host]
LONG = [resources_of_a_dead_remote_host_go_elsewhere]


def run_one_cluster(results, chosen, make_lab):
    run_in_one_lab(results, chosen, make_lab, fresh, suffix="rr", nodes=3, remotes=1)


# --- a story with power switches ---

def a_remote_host_that_is_lost_is_fenced(make_lab):
    """What ran there is started elsewhere after its power was cut, and the host may come back."""
    with make_lab(suffix="rf", nodes=2, remotes=1, fencing=True) as lab:
        lab.create()
        lab.start(timeout=120)
        set_option(lab, "stonith-enabled", "false")
        host = set_up(lab)
        configure(lab, "<resources>%s</resources>" % device())
        set_option(lab, "stonith-enabled", "true")
        lab.wait_idle()
        host.kill("pacemaker-remoted", signal.SIGSTOP)  # it does not answer, and nobody can tell why
        wait_until("its power was cut", lambda: any(e["target"] == host.name for e in lab.power_log()), 90)
        wait_until("d1 runs on a cluster node", lambda: (active(lab, "d1") or ["remote1"])[0].startswith("node"), 60)
        wait_until("the host is off", lambda: not host.pid, 20)
        host.start()
        lab.nodes[0].run(["crm_resource", "--cleanup"])
        wait_until("the host is back", lambda: any(s.get("in_ccm") == "true" and s.get("node_fenced") == "0" for s in
                                                   lab.nodes[0].cib().iter("node_state") if s.get("uname") == host.name), 90)
        expect_on(lab, "d1", host.name)
        assert runs_here(host)


# --- stories with Debian's ---

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


def debians_remote_host_serves_our_cluster(make_lab):
    need_debian()
    program = debians_remoted()
    with make_lab(suffix="ro", nodes=1, debian_nodes=["remote1"], remotes=1) as lab:
        lab.create()
        lab.start(timeout=120)
        host = set_up(lab, program)
        assert is_online(lab, host.name) and runs_here(host)
        tools_work_on(lab, host, lambda argv: host.run(argv, check=False))
        host.run(["sh", "-c", "rm /run/Dummy-d1*"])
        wait_until("the failure is noticed and mended",
                   lambda: history(lab, host.name, "d1").get("d1_monitor_2000") == "7" and runs_here(host), 20)
        host.kill("pacemaker-remoted")
        wait_until("the loss is noticed", lambda: not is_online(lab, host.name) or connection(lab) is None, 30)
        host.start_stack(program)
        set_option(lab, "cluster-recheck-interval", "20s")
        lab.nodes[0].run(["crm_resource", "--cleanup"], check=False)
        wait_until("the host is back", lambda: is_online(lab, host.name), 60)
        expect_on(lab, "d1", host.name)


ALONE = [a_remote_host_that_is_lost_is_fenced, our_remote_host_serves_debians_cluster, debians_remote_host_serves_our_cluster]


def run_alone(results, chosen, make_lab):
    for story in chosen:
        results.run(story.__name__.replace("_", " "), lambda: story(make_lab))


GROUPS = [(ONE_CLUSTER, run_one_cluster), (ALONE, run_alone)]
