#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories of real containers: bundles and guest nodes with podman and Debian's agent, pacemaker-remoted as first process.

usage: containers.py --stage DIR [--debian] [--remoted FILE] [--only WORD ...] [--list]

The image is made here: empty directories and a few files of /etc; /usr is the host's.  With --debian the hosts run Debian's
stack (containers the pacemaker-remoted that is named): the stories describe the field, not our program.
"""
import argparse
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
from fencing import begin, device, dummy, resources, shots, was_shot, whole_with_switches  # noqa: E402
from lab import NET, Lab, wait_until  # noqa: E402
from results import Results, Skip  # noqa: E402
from world import active, configure, run_in_one_lab, set_option  # noqa: E402

IMAGE = "localhost/lab:1"
MAKE_IMAGE = """
rm -rf /tmp/image; mkdir -p /tmp/image; cd /tmp/image
mkdir -p usr etc/pacemaker var/log var/lib/pacemaker/cores var/lib/pacemaker/blackbox run tmp proc sys dev srv
chown -R hacluster:haclient var/lib/pacemaker
for d in bin sbin lib lib64; do ln -s usr/$d $d; done
ln -s ../run var/run
cp /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache etc/
tar cf ../image.tar .
podman import -c STOPSIGNAL=SIGINT /tmp/image.tar %s
""" % IMAGE
HOSTS_PROGRAMS = ("/usr", "/run/.host")  # the machine's own programs, and what the stack covers of them


# --- the world in a line ---

def fresh(lab, story):
    """Every story begins with a whole cluster that knows of no guests, and hosts that have the image and no container."""
    whole_with_switches(lab)
    for x in ("//node_state[@remote_node='true']", "//nodes/node[@type='remote']"):
        lab.nodes[0].run(["cibadmin", "--delete-all", "--force", "--xpath", x], check=False)
    for n in lab.nodes:
        n.run(["podman", "rm", "-f", "-a"], check=False)
        if n.run(["podman", "image", "exists", IMAGE], check=False).returncode != 0:
            n.run(["sh", "-ec", MAKE_IMAGE])


STATEFUL = ("<primitive id='inner' class='ocf' provider='pacemaker' type='Stateful'><operations>"
            "<op id='inner-m' name='monitor' interval='3s' role='Promoted'/><op id='inner-n' name='monitor' interval='4s'/></operations></primitive>")


def bundle(inner=None, replicas=2, promoted=0):
    """A bundle called web with that primitive (default: a dummy called inner)."""
    shared = "".join("<storage-mapping id='web-s%d' source-dir='%s' target-dir='%s' options='ro'/>" % (i, path, path)
                     for i, path in enumerate(HOSTS_PROGRAMS))
    return ("<bundle id='web'><podman image='%s' replicas='%d'%s/><network ip-range-start='%s.131' host-interface='eth0' host-netmask='24'/>"
            "<storage>%s<storage-mapping id='web-srv' source-dir-root='/srv' target-dir='/srv'/></storage>%s</bundle>"
            % (IMAGE, replicas, " promoted-max='%d'" % promoted if promoted else "", NET, shared,
               inner or dummy("inner", ("monitor", {"interval": "3s"}))))


def start(lab, *xml):
    """Fencing on, these resources run (and what the switches do from now on is looked at)."""
    begin(lab, device(), *(xml or (bundle(),)))


def replica(lab, number):
    """What crm_mon tells of a replica: {"container": host, "remote": host, "inner": node, "role": of inner}, None for what does not run."""
    st = lab.running()[0].status()
    found = {}
    for r in st.findall(".//bundle[@id='web']/replica[@id='%d']/resource" % number) if st is not None else []:
        agent = r.get("resource_agent")
        kind = {"ocf:heartbeat:podman": "container", "ocf:heartbeat:IPaddr2": "ip", "ocf:pacemaker:remote": "remote"}.get(agent, "inner")
        nodes = [n.get("name") for n in r.findall("node")] if r.get("active") == "true" and r.get("failed") == "false" else []
        found[kind] = nodes[0] if len(nodes) == 1 else None
        if kind == "inner":
            found["role"] = r.get("role")
    return found


def runs(lab, number):
    got = replica(lab, number)
    return got.get("inner") == "web-%d" % number and None not in (got.get("container"), got.get("remote")) and is_online(lab, "web-%d" % number)


def both_run(lab, timeout=60):
    wait_until("both replicas run", lambda: runs(lab, 0) and runs(lab, 1), timeout)
    lab.wait_idle()


def is_online(lab, guest):
    st = lab.running()[0].status()
    return st is not None and any(e.get("name") == guest and e.get("online") == "true" and e.get("unclean") == "false"
                                  for e in st.findall("./nodes/node"))


def host_of(lab, container):
    return lab[next(iter(active(lab, container)))]


def inside(lab, container, *argv, check=True):
    return host_of(lab, container).run(["podman", "exec", container] + list(argv), check=check)


def container_pid(lab, container):
    return host_of(lab, container).output("podman", "inspect", container, "--format", "{{.State.Pid}}").strip()


def kill_container(lab, container):
    """Its first process dies, and everything in it at once; nobody is told."""
    host_of(lab, container).run(["kill", "-9", container_pid(lab, container)])
    wait_until("the loss is noticed", lambda: "Lost connection to remote executor" in lab.nodes[0].output("crm_mon", "-1"), 20, 0.05)


def mark(lab, number):
    """Leave a mark in what a replica has in memory: a restart of the service or of its container loses it."""
    inside(lab, "web-podman-%d" % number, "sh", "-c", "touch /run/mark; echo mark >>/run/Dummy-inner.state")


def is_marked(lab, number):
    return inside(lab, "web-podman-%d" % number, "sh", "-c", "test -e /run/mark && grep mark /run/Dummy-inner.state", check=False).returncode == 0


def starts(lab, node, resource):
    """When the CIB says that the resource was started there."""
    return [(e.get("call-id"), e.get("last-rc-change")) for s in lab.running()[0].cib().iter("node_state") if s.get("uname") == node
            for r in s.iter("lrm_resource") if r.get("id") == resource for e in r.iter("lrm_rsc_op") if e.get("operation") == "start"]


def state_of(lab, guest):
    """The guest's node_state, as a dictionary."""
    return next((dict(s.attrib) for s in lab.running()[0].cib().iter("node_state") if s.get("uname") == guest), None)


def attributes(lab, guest):
    """Transient attributes of a node: what the attribute managers say, and what the CIB has."""
    cib = lab.running()[0].cib()
    stored = {e.get("name"): e.get("value") for s in cib.iter("node_state") if s.get("uname") == guest
              for t in s.findall("transient_attributes") for e in t.iter("nvpair")}
    out = lab.running()[0].run(["attrd_updater", "-Q", "-n", "site", "-N", guest], check=False).stdout
    known = re.findall(r'name="site" host="%s" value="([^"]*)"' % guest, out)
    return stored, (known or [""])[0] or None


def stop_all(lab, resource="web"):
    lab.nodes[0].run(["crm_resource", "-r", resource, "--meta", "-p", "target-role", "-v", "Stopped"])
    lab.wait_idle(90)


# --- stories: a bundle ---

def a_bundle_starts_and_its_containers_reach_the_cluster(lab):
    start(lab)
    both_run(lab)
    first, second = replica(lab, 0), replica(lab, 1)
    assert first["container"] == first["ip"] and second["container"] == second["ip"] != first["ip"], (first, second)
    assert inside(lab, "web-podman-0", "hostname").stdout.strip() == "web-0"
    assert "pcmk-init" in inside(lab, "web-podman-0", "ps", "-p", "1", "-o", "args").stdout
    assert "inner" in inside(lab, "web-podman-0", "ls", "/run").stdout and "inner" not in host_of(lab, "web-podman-0").output("ls", "/run")
    text = lab.nodes[0].output("crm_mon", "-1")
    assert "GuestOnline: [ web-0 web-1 ]" in text, text
    for n, got in enumerate((first, second)):
        assert re.search(r"web-%d \(10.99.7.13%d\)\s+\(ocf:pacemaker:Dummy\):\s+Started %s" % (n, n + 1, got["container"]), text), text
    st = state_of(lab, "web-0")
    assert (st["in_ccm"], st["node_fenced"], st["remote_node"]) == ("true", "0", "true"), st
    # tools in the container are the guest's
    assert inside(lab, "web-podman-0", "crm_node", "-n").stdout.strip() == "web-0"
    assert "GuestOnline: [ web-0 web-1 ]" in inside(lab, "web-podman-0", "crm_mon", "-1").stdout
    assert "inner is running on: web-1" in inside(lab, "web-podman-0", "crm_resource", "-r", "inner", "-W").stdout
    inside(lab, "web-podman-0", "attrd_updater", "-n", "site", "-U", "north")
    inside(lab, "web-podman-0", "crm_attribute", "-n", "colour", "-l", "reboot", "-v", "blue")
    lab.nodes[0].run(["crm_attribute", "-N", "web-1", "-n", "colour", "-l", "reboot", "-v", "red"])
    wait_until("the attributes are on record", lambda: attributes(lab, "web-0") == ({"site": "north", "colour": "blue"}, "north")
               and attributes(lab, "web-1")[0] == {"colour": "red"}, 10)
    assert inside(lab, "web-podman-1", "crm_attribute", "-n", "colour", "-l", "reboot", "-G", "-q").stdout.strip() == "red"
    assert shots(lab) == []


def a_killed_container_is_recovered_alone(lab):
    start(lab)
    recovers(lab)


def a_killed_container_is_recovered_step_by_step(lab):
    """Without fencing nothing orders it, but that the guest is gone must not be told when the next container runs."""
    if not lab.options["stage"]:
        raise Skip("2.1.5 says so, and does not write the guest's attributes any more")
    configure(lab, resources(bundle()))
    set_option(lab, "batch-limit", "1")
    lab.power_seen = len(lab.power_log())
    recovers(lab)


def recovers(lab):
    """A container dies and comes back; nothing else happens."""
    both_run(lab)
    mark(lab, 1)
    inside(lab, "web-podman-0", "attrd_updater", "-n", "site", "-U", "north")
    wait_until("the attribute is there", lambda: attributes(lab, "web-0")[1] == "north", 10)
    home, old = replica(lab, 0)["container"], container_pid(lab, "web-podman-0")
    kill_container(lab, "web-podman-0")
    both_run(lab)
    assert replica(lab, 0)["container"] == home, "it was moved"
    assert container_pid(lab, "web-podman-0") != old
    st = state_of(lab, "web-0")
    assert (st["in_ccm"], st["node_fenced"]) == ("true", "0"), st
    assert attributes(lab, "web-0") == ({}, None), attributes(lab, "web-0")
    assert is_marked(lab, 1), "the other replica was disturbed"
    assert shots(lab) == [], "a host was fenced for a container"
    assert "web-0: migration-threshold=1000000 fail-count=1" in lab.nodes[0].output("crm_mon", "-1f")
    lab.nodes[0].run(["crm_resource", "--cleanup", "-r", "web"])
    wait_until("the failure is forgotten", lambda: "Failed Resource Actions" not in lab.nodes[0].output("crm_mon", "-1"), 20)
    both_run(lab)
    inside(lab, "web-podman-0", "attrd_updater", "-n", "site", "-U", "south")
    wait_until("the guest has attributes again", lambda: attributes(lab, "web-0") == ({"site": "south"}, "south"), 10)


def a_service_that_fails_is_restarted_inside(lab):
    start(lab)
    both_run(lab)
    old = container_pid(lab, "web-podman-0")
    mark(lab, 1)
    inside(lab, "web-podman-0", "rm", "/run/Dummy-inner.state")
    wait_until("the failure is noticed", lambda: "fail-count=1" in lab.nodes[0].output("crm_mon", "-1f").split("web-0:")[-1]
               and re.search(r"\* inner.* on web-0 ", lab.nodes[0].output("crm_mon", "-1")), 20)
    wait_until("the service runs again", lambda: runs(lab, 0) and "Dummy-inner" in inside(lab, "web-podman-0", "ls", "/run", check=False).stdout, 30)
    both_run(lab)
    print("    (the container %s)" % ("went on" if container_pid(lab, "web-podman-0") == old else "was restarted"))
    assert is_marked(lab, 1), "the other replica was disturbed"
    assert shots(lab) == []


def a_replica_survives_the_loss_of_its_host(lab):
    start(lab)
    both_run(lab)
    mark(lab, 1)
    host = lab[replica(lab, 0)["container"]]
    if host is lab.dc():
        print("    (the host was DC)")
    host.power_off()
    was_shot(lab, host)
    both_run(lab, 90)
    now = replica(lab, 0)
    assert now["container"] not in (host.name, None) and now["ip"] == now["container"], now
    assert is_marked(lab, 1), "the other replica was disturbed"
    assert {e[1] for e in shots(lab)} == {host.name}, shots(lab)
    st = state_of(lab, "web-0")
    assert (st["in_ccm"], st["node_fenced"]) == ("true", "0"), st
    host.start(wait=True)  # it still has the old container's files
    lab.wait_idle(60)
    both_run(lab)
    assert is_marked(lab, 1), "the other replica was disturbed when the host came back"
    assert [n.name for n in lab.nodes if "web-podman-0" in n.output("podman", "ps", "--format", "{{.Names}}")] == [now["container"]]


def guests_do_not_notice_that_another_node_becomes_dc(lab):
    dc = lab.dc()
    start(lab)
    configure(lab, "<constraints><rsc_location id='not-dc' rsc='web' node='%s' score='-INFINITY'/></constraints>" % dc.name)
    lab.wait_idle()
    both_run(lab)
    for n in (0, 1):
        mark(lab, n)
    before = [starts(lab, replica(lab, n)["remote"], "web-%d" % n) for n in (0, 1)]
    assert all(before), before
    dc.stop_stack()
    wait_until("another node is DC", lambda: lab.dc() not in (None, dc), 30)
    lab.wait_idle()
    dc.start_stack()
    lab.wait_online()
    lab.wait_idle()
    inside(lab, "web-podman-0", "attrd_updater", "-n", "site", "-U", "north")
    wait_until("the guest has attributes", lambda: attributes(lab, "web-0") == ({"site": "north"}, "north"), 10)
    lab.dc().kill("pacemaker-attrd")  # and its attribute manager begins anew
    wait_until("the DC's daemons are back", lambda: lab.dc() is not None and lab.dc().pids("pacemaker-attrd"), 30)
    lab.wait_idle()
    both_run(lab)
    assert attributes(lab, "web-0") == ({"site": "north"}, "north"), attributes(lab, "web-0")
    assert [starts(lab, replica(lab, n)["remote"], "web-%d" % n) for n in (0, 1)] == before, "a connection was made anew"
    assert is_marked(lab, 0) and is_marked(lab, 1), "a replica was restarted"
    assert shots(lab) == []


def maintenance_lets_the_stack_restart_under_containers(lab):
    start(lab)
    both_run(lab)
    for n in (0, 1):
        mark(lab, n)
    set_option(lab, "maintenance-mode", "true")
    lab.wait_idle()
    for n in lab.nodes:
        n.stop_stack()
    for n in lab.nodes:
        n.start_stack()
    lab.wait_online()
    wait_until("the containers are found", lambda: replica(lab, 0).get("container") and replica(lab, 1).get("container"), 30)
    set_option(lab, "maintenance-mode", "false")
    lab.wait_idle()
    both_run(lab)
    assert is_marked(lab, 0) and is_marked(lab, 1), "a replica was restarted"
    assert shots(lab) == []


def a_bundle_stops_in_order_and_starts_again(lab):
    start(lab)
    both_run(lab)
    begun = [len(n.log()) for n in lab.nodes]
    inside(lab, "web-podman-0", "attrd_updater", "-n", "site", "-U", "north")
    wait_until("the attribute is there", lambda: attributes(lab, "web-0")[1] == "north", 10)
    stop_all(lab)
    for n in lab.nodes:
        assert n.output("podman", "ps", "-a", "-q") == "", "%s has containers left" % n.name
        assert ".131" not in n.output("ip", "-4", "addr") and ".132" not in n.output("ip", "-4", "addr")
    assert not is_online(lab, "web-0") and attributes(lab, "web-0") == ({}, None), attributes(lab, "web-0")
    st = state_of(lab, "web-0")
    assert st["in_ccm"] == "false", st
    text = lab.nodes[0].output("crm_mon", "-1r")
    assert "Failed" not in text and len(re.findall(r"web-[01] \(10.99.7.13[12]\)\s+\(ocf:pacemaker:Dummy\):\s+Stopped", text)) == 2, text
    assert not any("Lost connection" in n.log()[b:] for n, b in zip(lab.nodes, begun)), "a connection was lost in an orderly stop"
    lab.nodes[0].run(["crm_resource", "-r", "web", "--meta", "-d", "target-role"])
    both_run(lab)
    assert shots(lab) == []


def role(lab, n):
    return replica(lab, n).get("role")


def promoted(lab):
    """Numbers of the promoted replicas."""
    return [n for n in (0, 1) if role(lab, n) == "Promoted"]


def a_promoted_replica_that_dies_is_followed_by_the_other(lab):
    start(lab, bundle(STATEFUL, promoted=1))
    both_run(lab)
    wait_until("one is promoted", lambda: len(promoted(lab)) == 1, 30)
    one, = promoted(lab)
    other = 1 - one
    assert "Promoted %s" % replica(lab, one)["container"] in lab.nodes[0].output("crm_mon", "-1")
    assert inside(lab, "web-podman-%d" % one, "cat", "/run/Stateful-inner.state").stdout.strip() in ("Promoted", "master", "promoted")
    # an administrator moves it
    lab.nodes[0].run(["crm_attribute", "-N", "web-%d" % other, "-n", "master-inner", "-l", "reboot", "-v", "100"])
    wait_until("the other is promoted", lambda: promoted(lab) == [other], 30)
    lab.wait_idle()
    # the promoted one dies
    kill_container(lab, "web-podman-%d" % other)
    both_run(lab)
    wait_until("exactly one is promoted", lambda: len(promoted(lab)) == 1, 30)
    lab.wait_idle()
    print("    (promoted after the loss: %s)" % ("the other" if promoted(lab) == [one] else "the recovered one"))
    assert shots(lab) == []


def a_resource_tells_its_promotion_score_inside(lab):
    start(lab, bundle(STATEFUL, promoted=1))
    both_run(lab)
    wait_until("one is promoted", lambda: len(promoted(lab)) == 1, 30)
    other = 1 - promoted(lab)[0]
    inside(lab, "web-podman-%d" % other, "env", "OCF_RESOURCE_INSTANCE=inner", "crm_attribute", "--promotion", "-v", "200")
    wait_until("the other is promoted", lambda: promoted(lab) == [other], 30)
    lab.wait_idle()
    assert promoted(lab) == [other]


def a_hanging_container_is_recovered(lab):
    """Its first processes are stopped: the connection stands, but nobody answers."""
    start(lab)
    both_run(lab)
    mark(lab, 1)
    old = container_pid(lab, "web-podman-0")
    host_of(lab, "web-podman-0").run(["sh", "-c", "for p in %s $(cat /proc/%s/task/*/children); do kill -STOP $p; done" % (old, old)])
    wait_until("the container was restarted", lambda: runs(lab, 0) and container_pid(lab, "web-podman-0") != old, 150, 1)
    both_run(lab)
    assert is_marked(lab, 1), "the other replica was disturbed"
    assert shots(lab) == [], "a host was fenced for a container"


def a_replica_survives_the_controller_of_its_host(lab):
    """The node may be fenced for it, or not, if the new controller is in time; the other replica goes on."""
    start(lab)
    both_run(lab)
    for n in (0, 1):
        mark(lab, n)
    host = lab[replica(lab, 0)["container"]]
    print("    (its host is %s)" % ("DC" if lab.dc() is host else "not DC"))
    old = host.kill("pacemaker-controld")
    wait_until("the controller is back, or its node is fenced", lambda: shots(lab) or host.pids("pacemaker-controld") not in (old, []), 30)
    lab.wait_online([n for n in lab.nodes if n is not host])
    lab.wait_idle()
    both_run(lab)
    print("    (%s; replica 0 %s; replica 1 %s)" % (shots(lab) or "nobody was fenced", "went on" if is_marked(lab, 0) else "was restarted",
                                                    "went on" if is_marked(lab, 1) else "was restarted"))
    assert is_marked(lab, 1) and {e[1] for e in shots(lab)} <= {host.name}, shots(lab)


def replicas_come_and_go(lab):
    """A third one is added, a host goes to standby and comes back, the third one goes."""
    start(lab)
    both_run(lab)
    for n in (0, 1):
        mark(lab, n)
    lab.nodes[0].run(["cibadmin", "--modify", "--scope", "resources", "--xml-text",
                      bundle(replicas=3).split("<network")[0] + "</bundle>"])
    wait_until("the third one runs", lambda: runs(lab, 2), 60)
    lab.wait_idle()
    print("    (the others %s)" % ("went on" if is_marked(lab, 0) and is_marked(lab, 1) else "were restarted: their names are in their options"))
    for n in (0, 1, 2):
        mark(lab, n)
    leaver = lab[replica(lab, 2)["container"]]
    lab.nodes[0].run(["crm_attribute", "-N", leaver.name, "-n", "standby", "-v", "on"])
    wait_until("its replica has stopped", lambda: leaver.output("podman", "ps", "-a", "-q") == "", 60)
    lab.wait_idle()
    assert not is_online(lab, "web-2") and runs(lab, 0) and runs(lab, 1)
    lab.nodes[0].run(["crm_attribute", "-N", leaver.name, "-n", "standby", "-D"])
    wait_until("the third one runs again", lambda: runs(lab, 2), 60)
    lab.wait_idle()
    assert is_marked(lab, 0) and is_marked(lab, 1), "the others were disturbed"
    lab.nodes[0].run(["cibadmin", "--modify", "--scope", "resources", "--xml-text",
                      bundle(replicas=2).split("<network")[0] + "</bundle>"])
    wait_until("the third one is gone", lambda: leaver.output("podman", "ps", "-a", "-q") == "", 60)
    lab.wait_idle()
    both_run(lab)
    assert "web-2" not in lab.nodes[0].output("crm_mon", "-1"), lab.nodes[0].output("crm_mon", "-1")
    assert shots(lab) == []


def pcs_makes_and_changes_a_bundle(lab):
    n = lab.nodes[0]
    if n.run(["pcs", "--version"], check=False).returncode != 0:
        raise Skip("pcs is not installed (./check --with-oracle installs it)")
    begin(lab, device())
    n.run(["pcs", "resource", "bundle", "create", "web", "container", "podman", "image=" + IMAGE, "replicas=2",
           "network", "ip-range-start=%s.131" % NET, "host-interface=eth0", "host-netmask=24"]
          + [w for path in HOSTS_PROGRAMS for w in ("storage-map", "source-dir=" + path, "target-dir=" + path, "options=ro")])
    n.run(["pcs", "resource", "create", "inner", "ocf:pacemaker:Dummy", "op", "monitor", "interval=3s", "bundle", "web"])
    both_run(lab)
    assert "GuestOnline: [ web-0 web-1 ]" in n.output("pcs", "status")
    n.run(["pcs", "resource", "disable", "web", "--wait=60"])
    n.run(["pcs", "resource", "bundle", "update", "web", "container", "replicas=3"])
    n.run(["pcs", "resource", "enable", "web", "--wait=60"])
    both_run(lab)
    assert runs(lab, 2)
    mark(lab, 0)
    n.run(["pcs", "resource", "restart", "web"], timeout=120)
    both_run(lab)
    assert not is_marked(lab, 0)
    n.run(["pcs", "resource", "delete", "web"], timeout=120)
    lab.wait_idle()
    assert all(h.output("podman", "ps", "-a", "-q") == "" for h in lab.nodes)
    assert shots(lab) == []


# --- stories: a guest node ---

def guest():
    """A container that is a node, and a resource that runs there."""
    options = "-h box1 -p %s.140:3121:3121 -v /etc/pacemaker/authkey:/etc/pacemaker/authkey" % NET \
        + "".join(" -v %s:%s:ro" % (p, p) for p in HOSTS_PROGRAMS)
    return ("<group id='boxes'><primitive id='box-ip' class='ocf' provider='heartbeat' type='IPaddr2'><instance_attributes id='box-ip-i'>"
            "<nvpair id='box-ip-ip' name='ip' value='{0}.140'/><nvpair id='box-ip-nm' name='cidr_netmask' value='24'/>"
            "<nvpair id='box-ip-nic' name='nic' value='eth0'/></instance_attributes></primitive>"
            "<primitive id='box' class='ocf' provider='heartbeat' type='podman'><meta_attributes id='box-m'>"
            "<nvpair id='box-m-n' name='remote-node' value='box1'/><nvpair id='box-m-a' name='remote-addr' value='{0}.140'/></meta_attributes>"
            "<instance_attributes id='box-i'><nvpair id='box-i-i' name='image' value='{1}'/><nvpair id='box-i-o' name='run_opts' value='{2}'/>"
            "<nvpair id='box-i-c' name='run_cmd' value='/usr/sbin/pacemaker-remoted'/></instance_attributes>"
            "<operations><op id='box-mon' name='monitor' interval='10s'/></operations></primitive></group>").format(NET, IMAGE, options)


def a_guest_node_runs_resources_and_is_recovered(lab):
    start(lab, guest(), dummy("d1", ("monitor", {"interval": "2s"})))
    configure(lab, "<constraints><rsc_location id='prefers' rsc='d1' node='box1' score='1000'/></constraints>")
    wait_until("d1 runs in the container", lambda: active(lab, "d1") == ["box1"], 40)
    lab.wait_idle()
    assert "GuestOnline: [ box1 ]" in lab.nodes[0].output("crm_mon", "-1")
    assert "Dummy-d1" in inside(lab, "box", "ls", "/run").stdout
    assert inside(lab, "box", "crm_node", "-n").stdout.strip() == "box1"
    inside(lab, "box", "attrd_updater", "-n", "site", "-U", "north")
    wait_until("the attribute is there", lambda: attributes(lab, "box1")[1] == "north", 10)
    kill_container(lab, "box")
    lab.wait_idle()
    wait_until("d1 runs in the container again", lambda: active(lab, "d1") == ["box1"] and is_online(lab, "box1"), 40)
    lab.wait_idle()
    assert attributes(lab, "box1") == ({}, None) and state_of(lab, "box1")["in_ccm"] == "true"
    assert shots(lab) == []
    # the container is moved: d1 stops first, and follows it
    old = host_of(lab, "box")
    lab.nodes[0].run(["crm_resource", "--move", "-r", "boxes"])
    wait_until("the container has moved", lambda: (active(lab, "box") or [old.name])[0] != old.name, 60)
    lab.wait_idle(60)
    wait_until("d1 follows", lambda: active(lab, "d1") == ["box1"], 40)
    assert old.output("podman", "ps", "-a", "-q") == ""
    # its host dies
    old = host_of(lab, "box")
    lab.nodes[0].run(["crm_resource", "--clear", "-r", "boxes"], check=False)
    old.power_off()
    was_shot(lab, old)
    wait_until("d1 runs in the container elsewhere", lambda: active(lab, "d1") == ["box1"] and active(lab, "box") != [old.name], 90)
    assert {e[1] for e in shots(lab)} == {old.name}, shots(lab)
    stop_all(lab, "boxes")
    assert (active(lab, "d1") or ["box1"])[0].startswith("node") and not is_online(lab, "box1")


STORIES = [a_bundle_starts_and_its_containers_reach_the_cluster, a_killed_container_is_recovered_alone,
           a_killed_container_is_recovered_step_by_step, a_service_that_fails_is_restarted_inside, a_replica_survives_the_loss_of_its_host,
           guests_do_not_notice_that_another_node_becomes_dc, maintenance_lets_the_stack_restart_under_containers,
           a_bundle_stops_in_order_and_starts_again, a_promoted_replica_that_dies_is_followed_by_the_other,
           a_resource_tells_its_promotion_score_inside, a_hanging_container_is_recovered,
           a_replica_survives_the_controller_of_its_host, replicas_come_and_go, pcs_makes_and_changes_a_bundle,
           a_guest_node_runs_resources_and_is_recovered]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--stage")
    ap.add_argument("--debian", action="store_true")
    ap.add_argument("--remoted", help="pacemaker-remoted for the containers, another than the hosts' own")
    ap.add_argument("--name", default="box", help="name of the lab, to run several side by side")
    ap.add_argument("--only", nargs="*", help="stories whose name has one of these words")
    ap.add_argument("--list", action="store_true")
    o = ap.parse_args()
    chosen = [s for s in STORIES if not o.only or any(w in s.__name__ for w in o.only)]
    if o.list:
        print("\n".join(s.__name__ for s in chosen))
        return 0
    results = Results()
    run_in_one_lab(results, chosen, Lab, fresh, name=o.name, nodes=3, stage=None if o.debian else o.stage,
                   debian_nodes=["node1", "node2", "node3"] if o.debian else [], fencing=True,
                   containers=os.path.abspath(o.remoted) if o.remoted else True)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
