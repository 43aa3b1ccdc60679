# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories with fencing on: the nodes have power switches (power.py), and what is to be gone is really gone.

Stories of one group share a cluster; whole_with_switches() makes it ready for each.  A host that was fenced stays off until
the next story, unless the story says otherwise.  The groups run side by side, each in a lab of its own: they mostly wait.
Run by scenarios.py; with --debian they describe the field.
"""
import os
import re
import threading
import time
import xml.etree.ElementTree as ET

from foreign import need_debian
from lab import wait_until
from results import Skip
from world import active, configure, dummies, expect_active, run_in_one_lab, set_option, whole

RUNS = int(os.environ.get("QUORATE_DUELS", "30" if os.environ.get("QUORATE_LONG") else "2"))  # of each story of chance


# --- the world in a line ---

def device(name="power", hosts="", agent="fence_lab", meta=(), **params):
    """A fence device as a resource; `hosts` are its targets (default: what the switch lists)."""
    if hosts:
        params["pcmk_host_list"] = hosts

    def pairs(kind, tag, values):
        return "<%s id='%s-%s'>%s</%s>" % (tag, name, kind, "".join(
            "<nvpair id='%s-%s-%s' name='%s' value='%s'/>" % (name, kind, k, k, v) for k, v in values), tag) if values else ""
    return ("<primitive id='%s' class='stonith' type='%s'>%s%s</primitive>"
            % (name, agent, pairs("m", "meta_attributes", list(meta)), pairs("i", "instance_attributes", sorted(params.items()))))


def resources(*xml):
    return "<resources>%s</resources>" % "".join(xml)


def dummy(name, *ops, meta=(), **params):
    ops = "".join("<op id='%s-%s' name='%s' %s/>" % (name, op[0], op[0], " ".join("%s='%s'" % kv for kv in op[1].items()))
                  for op in ops)
    sets = "".join("<nvpair id='%s-%s' name='%s' value='%s'/>" % (name, k, k, v) for k, v in params.items())
    metas = "".join("<nvpair id='%s-m-%s' name='%s' value='%s'/>" % (name, k, k, v) for k, v in meta)
    return ("<primitive id='%s' class='ocf' provider='pacemaker' type='Dummy'><meta_attributes id='%s-m'>%s</meta_attributes>"
            "<instance_attributes id='%s-i'>%s</instance_attributes><operations>%s</operations></primitive>"
            % (name, name, metas, name, sets, ops))


def prefer(lab, resource, node):
    configure(lab, "<constraints><rsc_location id='l-%s' rsc='%s' node='%s' score='100'/></constraints>" % (resource, resource, node))


def whole_with_switches(lab):
    lab.set_hosts_start(False)
    lab.set_switch()
    for name in ("ipmi", "pdu-a", "pdu-b"):
        lab.set_switch(name)
    lab.switches_reset()
    whole(lab)
    for n in lab.nodes:
        n.run(["cibadmin", "--delete-all", "--force", "--xpath", "//fencing-topology"], check=False)
    lab.nodes[0].run(["stonith_admin", "--history", "*", "--cleanup"])


def begin(lab, *xml):
    """Fencing on with these resources, all of them running."""
    configure(lab, resources(*xml))
    set_option(lab, "stonith-enabled", "true")
    lab.wait_idle()
    lab.power_seen = len(lab.power_log())


def shots(lab):
    """What the switches did since begin(): [(action, target, who asked, switch, exit status)]."""
    return [(e["action"], e["target"], e["by"], e["switch"], e["rc"]) for e in lab.power_log()[lab.power_seen:]]


def was_shot(lab, node, timeout=40):
    """Wait until a switch has turned the node off; returns when that was done."""
    def done():
        return [e for e in lab.power_log("off", "reboot")[0:] if e["target"] == node.name and e["rc"] == 0
                and e in lab.power_log()[lab.power_seen:]]
    wait_until("%s is shot" % node.name, done, timeout)
    return done()[0]["done"]


def started_at(lab, resource, node):
    """Second in which the resource was started on that node, as the cluster recorded it."""
    path = "status/node_state[@uname='%s']//lrm_resource[@id='%s']/lrm_rsc_op[@operation='start']" % (node, resource)
    return int(lab.running()[0].cib().find(path).get("last-rc-change"))


def home_of(lab, resource):
    return lab[expect_active(lab, resource)[0]]


def moved(lab, resource, old, timeout=40):
    wait_until("%s runs elsewhere than on %s" % (resource, old.name),
               lambda: (active(lab, resource) or [old.name]) not in ([old.name], []), timeout)
    return active(lab, resource)[0]


def assert_recovered_after(lab, resource, old, done):
    new = moved(lab, resource, old)
    assert started_at(lab, resource, new) >= int(done), "%s was started on %s before %s was off" % (resource, new, old.name)


def assert_clean_and_gone(lab, node):
    """The cluster has recorded that the node is down; nothing of its history is left."""
    def state():
        s = lab.running()[0].cib().find("status/node_state[@uname='%s']" % node.name)
        return s is not None and (s.get("join"), s.get("expected"), s.get("in_ccm")) == ("down", "down", "false") and not list(s)
    wait_until("the fencing of %s is recorded" % node.name, state, 20)
    entry = [e for e in lab.running()[0].status().findall("./nodes/node") if e.get("name") == node.name][0]
    assert entry.get("unclean") == "false" and entry.get("online") == "false", ET.tostring(entry)


def history(node, target="*"):
    """Fencing history as a node tells it: a set of (target, action, status, delegate, origin)."""
    p = node.run(["stonith_admin", "--history", target, "--verbose", "--output-as=xml"], check=False)
    return frozenset((e.get("target"), e.get("action"), e.get("status"), e.get("delegate"), e.get("origin"))
                     for e in ET.fromstring(p.stdout).iter("fence_event"))


# --- stories: one cluster of three ---

def a_lost_node_is_recovered_only_after_its_fencing(lab):
    begin(lab, device(), dummy("d0", ("monitor", {"interval": "10s"})))
    home = home_of(lab, "d0")
    lab.set_switch(delay=3)
    home.power_off()
    done = was_shot(lab, home)
    assert_recovered_after(lab, "d0", home, done)
    assert_clean_and_gone(lab, home)
    assert [s[:2] for s in shots(lab)] == [("reboot", home.name)], "more than one shot: %s" % shots(lab)


def the_device_may_have_run_on_the_node_that_is_lost(lab):
    begin(lab, device(), dummy("d0"))
    home = home_of(lab, "power")
    home.power_off()
    was_shot(lab, home)
    moved(lab, "power", home)  # needs no fencing before: it is what fences
    assert_clean_and_gone(lab, home)


def the_loss_of_the_dc_ends_with_its_fencing(lab):
    begin(lab, device(), dummy("d0"))
    dc = lab.dc()
    prefer(lab, "d0", dc.name)
    wait_until("d0 is on the DC", lambda: active(lab, "d0") == [dc.name], 30)
    dc.power_off()
    done = was_shot(lab, dc)
    assert_recovered_after(lab, "d0", dc, done)
    assert_clean_and_gone(lab, dc)
    assert [s[:2] for s in shots(lab)] == [("reboot", dc.name)], "more than one shot: %s" % shots(lab)


def the_dc_can_be_fenced_at_an_administrators_word(lab):
    begin(lab, device(), dummy("d0"))
    dc = lab.dc()
    prefer(lab, "d0", dc.name)
    wait_until("d0 is on the DC", lambda: active(lab, "d0") == [dc.name], 30)
    lab.set_hosts_start(True)
    other = [n for n in lab.nodes if n is not dc][0]
    other.run(["stonith_admin", "--reboot", dc.name, "--timeout", "20"])
    done = was_shot(lab, dc)
    lab.wait_online(timeout=60)  # it comes back by itself
    expect_active(lab, "d0")
    time.sleep(1)
    assert [s[:2] for s in shots(lab)] == [("reboot", dc.name)], "shot again: %s" % shots(lab)
    assert done


def a_resource_that_cannot_stop_gets_its_node_fenced(lab):
    begin(lab, device(), "<primitive id='slow' class='ocf' provider='heartbeat' type='Delay'><instance_attributes id='slow-i'>"
                         "<nvpair id='slow-s' name='startdelay' value='0'/><nvpair id='slow-t' name='stopdelay' value='30'/>"
                         "<nvpair id='slow-m' name='mondelay' value='0'/></instance_attributes>"
                         "<operations><op id='slow-stop' name='stop' interval='0' timeout='1s'/></operations></primitive>")
    home = home_of(lab, "slow")
    home.run(["crm_resource", "--ban", "--resource", "slow", "--node", home.name])
    done = was_shot(lab, home)
    assert_recovered_after(lab, "slow", home, done)
    assert_clean_and_gone(lab, home)


def a_failure_with_on_fail_fence_gets_its_node_fenced(lab):
    begin(lab, device(), dummy("vital", ("monitor", {"interval": "1s", "on-fail": "fence"})))
    home = home_of(lab, "vital")
    home.run(["sh", "-c", "rm -f /run/Dummy-vital.state"])
    done = was_shot(lab, home)
    assert_recovered_after(lab, "vital", home, done)
    assert_clean_and_gone(lab, home)


def the_second_level_is_used_when_the_first_fails(lab):
    """The first level's device is broken; the second is two power supplies, both of which have to be off."""
    quick = {"pcmk_reboot_retries": "1", "pcmk_off_retries": "1"}
    names = " ".join(n.name for n in lab.nodes)
    begin(lab, device("ipmi", names, switch="ipmi", **quick), device("pdu-a", names, switch="pdu-a", outlets="2", **quick),
          device("pdu-b", names, switch="pdu-b", outlets="2", **quick), dummy("d0"))
    lab.set_switch("ipmi", mode="fail")
    home = home_of(lab, "d0")
    configure(lab, "<fencing-topology><fencing-level id='l1' target-pattern='node.*' index='1' devices='ipmi'/>"
                   "<fencing-level id='l2' target-pattern='node.*' index='2' devices='pdu-a,pdu-b'/></fencing-topology>")
    lab.wait_idle()
    home.power_off()
    wait_until("all levels are through", lambda: len(shots(lab)) >= 5, 40)
    moved(lab, "d0", home)
    assert [(a, s, rc) for a, _, _, s, rc in shots(lab)] == [
        ("reboot", "ipmi", 1), ("off", "pdu-a", 0), ("off", "pdu-b", 0), ("on", "pdu-a", 0), ("on", "pdu-b", 0)], shots(lab)
    off = [e for e in lab.power_log("off")[-2:]][1]["done"]
    assert started_at(lab, "d0", moved(lab, "d0", home)) >= int(off)
    assert_clean_and_gone(lab, home)


def nodes_are_unfenced_before_they_use_what_was_fenced(lab):
    """Debian's fencer fails this one: the power switch knows "on" too, and it takes that for the unfencing."""
    names = " ".join(n.name for n in lab.nodes)
    begin(lab, device("fabric", names, agent="fence_lab_fabric", meta=[("provides", "unfencing")]), device())
    lab.wait_idle()
    configure(lab, "<resources><clone id='c'>%s</clone></resources>" % dummy("d0"))
    expect_active(lab, "d0", 3)
    unfenced = {e["target"]: e for e in lab.power_log("on") if e["kind"] == "fabric"}
    for n in lab.nodes:
        assert n.name in unfenced, "%s was never unfenced: %s" % (n.name, sorted(unfenced))
        assert unfenced[n.name]["by"] == n.name, "unfencing of %s was done by %s" % (n.name, unfenced[n.name]["by"])
        assert started_at(lab, "d0", n.name) >= int(unfenced[n.name]["at"])


def without_working_fencing_nothing_is_recovered(lab):
    """Every attempt fails: nothing moves, attempts end at their limit, and a person's word then counts as fencing."""
    attempts = 10 if os.environ.get("QUORATE_LONG") else 3
    begin(lab, device(pcmk_reboot_retries="1"), dummy("d0"))
    set_option(lab, "stonith-max-attempts", str(attempts))
    lab.wait_idle()
    lab.set_switch(mode="fail")
    home = home_of(lab, "d0")
    home.power_off()
    limit = r"Too many failures \(%d\) to fence %s" % (attempts, home.name)
    wait_until("the cluster gives up", lambda: any(re.search(limit, n.log()) for n in lab.running()), 120, 0.2)
    time.sleep(2)
    # Each attempt is tried by both of the others: they have the same device.
    assert len(shots(lab)) == 2 * attempts, "%d shots: %s" % (len(shots(lab)), shots(lab))
    st = lab.running()[0].status()
    entry = [e for e in st.findall("./nodes/node") if e.get("name") == home.name][0]
    assert entry.get("unclean") == "true", ET.tostring(entry)
    assert active(lab, "d0") in ([], [home.name]), "d0 runs on %s though %s may run it" % (active(lab, "d0"), home.name)
    lab.running()[0].run(["stonith_admin", "--confirm", home.name])
    moved(lab, "d0", home)
    assert_clean_and_gone(lab, home)
    wait_until("all know that a person said so", lambda: all(
        any(e[0] == home.name and e[3] == "a human" for e in history(n)) for n in lab.running()), 20)


def the_history_is_the_same_everywhere_after_a_partition(lab):
    """Each side of a partition fences something of its own; when they meet again all know all of it."""
    configure(lab, resources(device("ghosts", "ghost1 ghost2 ghost3")))
    lab.wait_idle()
    a, c = lab.nodes[0], lab.nodes[2]
    a.run(["stonith_admin", "--fence", "ghost1", "--timeout", "10"])
    c.unplug()
    wait_until("node3 is away", lambda: any(e.get("name") == c.name and e.get("online") == "false"
                                            for e in (a.status() or ET.Element("x")).findall("./nodes/node")), 30)
    a.run(["stonith_admin", "--fence", "ghost2", "--timeout", "10"])
    c.run(["stonith_admin", "--reboot", "ghost3", "--timeout", "10"])
    c.plug()
    lab.wait_online(timeout=60)
    wait_until("all have the same history of three", lambda: len({history(n) for n in lab.nodes}) == 1
               and len(history(a)) == 3, 60, 0.5)


# --- longer ones ---

def a_node_that_nobody_has_seen_is_fenced_at_the_start(lab):
    begin(lab, device(), dummy("d0"))
    late = lab.nodes[2]
    for n in lab.nodes:
        n.stop()
    late.power_off()
    for n in lab.nodes[:2]:
        n.start_corosync()
    for n in lab.nodes[:2]:
        n.start_stack()
    done = was_shot(lab, late, 90)
    expect_active(lab, "d0")
    assert started_at(lab, "d0", active(lab, "d0")[0]) >= int(done)


def without_sbd_a_watchdog_timeout_stops_the_cluster_software(lab):
    begin(lab, device(), dummy("d0"))
    set_option(lab, "stonith-watchdog-timeout", "6s")
    wait_until("the software has stopped on all nodes", lambda: not lab.running(), 60)
    for n in lab.nodes:
        assert "stonith-watchdog-timeout configured (6s) but SBD not active" in n.log(), n.name
        n.run(["env", "CIB_file=/var/lib/pacemaker/cib/cib.xml", "crm_attribute", "--type", "crm_config", "--name",
               "stonith-watchdog-timeout", "--delete"])
    assert shots(lab) == [], shots(lab)


LOSSES = [a_lost_node_is_recovered_only_after_its_fencing, the_device_may_have_run_on_the_node_that_is_lost,
          the_loss_of_the_dc_ends_with_its_fencing, the_dc_can_be_fenced_at_an_administrators_word,
          a_resource_that_cannot_stop_gets_its_node_fenced]
DEVICES = [a_failure_with_on_fail_fence_gets_its_node_fenced, the_second_level_is_used_when_the_first_fails,
           nodes_are_unfenced_before_they_use_what_was_fenced, without_working_fencing_nothing_is_recovered,
           the_history_is_the_same_everywhere_after_a_partition]
LONG = [a_node_that_nobody_has_seen_is_fenced_at_the_start, without_sbd_a_watchdog_timeout_stops_the_cluster_software]
if os.environ.get("QUORATE_LONG"):
    LOSSES += LONG


# --- stories: two nodes, the link between them is cut ---

def cut_and_watch(lab, timeout=30):
    """Cut both directions; returns the node that is left.  Never both, never none."""
    a, b = lab.nodes
    begin_s = time.monotonic()
    a.cut_to(b)
    b.cut_to(a)
    wait_until("one node is shot", lambda: not a.pid or not b.pid, timeout, 0.05)
    took = time.monotonic() - begin_s
    time.sleep(2)  # the other's shot, if it was under way
    assert a.pid or b.pid, "both nodes are off: %s" % shots(lab)
    print("    (%s is left, %.1f s after the cut)" % ((a if a.pid else b).name, took))
    return a if a.pid else b


def duel(lab, *devices, option=None, vital=None):
    """One run: the survivor, which has to run everything in the end."""
    whole_with_switches(lab)
    begin(lab, *devices, dummy("d0"), dummy("d1"), dummy("vital", meta=[("priority", "10")] if vital else []))
    if option:
        set_option(lab, *option)
    if vital:
        prefer(lab, "vital", vital)
        wait_until("vital runs on %s" % vital, lambda: active(lab, "vital") == [vital], 30)
    lab.wait_idle()
    left = cut_and_watch(lab)
    for resource in ("d0", "d1", "vital"):
        wait_until("%s runs on %s" % (resource, left.name), lambda: active(lab, resource, left) == [left.name], 30)
    return left.name


def one_survives_by_a_delay_for_each_node(lab):
    for _ in range(RUNS):
        assert duel(lab, device(pcmk_delay_base="node1:3s;node2:0s")) == "node1", "the delay was for node1"


def one_survives_by_a_static_delay(lab):
    for _ in range(RUNS):
        assert duel(lab, device("shoot1", "node1", pcmk_delay_base="3s"), device("shoot2", "node2")) == "node1", "the delay was for node1"


def one_survives_by_a_random_delay(lab):
    for _ in range(RUNS):
        assert duel(lab, device("shoot1", "node1", pcmk_delay_base="2s", pcmk_delay_max="5s"),
                    device("shoot2", "node2")) == "node1", "the delay was for node1"


def one_survives_by_the_priority_of_what_it_runs(lab):
    for i in range(RUNS):
        home = lab.nodes[i % 2].name
        assert duel(lab, device(), option=("priority-fencing-delay", "3s"), vital=home) == home, "%s ran what is vital" % home


DUELS = [one_survives_by_a_delay_for_each_node, one_survives_by_a_random_delay, one_survives_by_the_priority_of_what_it_runs]
if RUNS > 2:
    DUELS.append(one_survives_by_a_static_delay)


# --- stories: node3 runs Debian's stack ---

def ask(node, *words):
    p = node.run(["stonith_admin"] + list(words), check=False, timeout=90)
    assert p.returncode == 0, "%s: stonith_admin %s: exit %d: %s" % (node.name, " ".join(words), p.returncode, p.stdout)


def register(node, name, hosts):
    ask(node, "--register", name, "--agent", "fence_lab", "--option", "pcmk_host_list=" + hosts)


def same_history(lab, count):
    wait_until("all have the same history of %d" % count, lambda: len({history(n) for n in lab.running()}) == 1
               and len(history(lab.running()[0])) == count, 60, 0.3)


def a_debian_node_and_ours_fence_for_each_other(lab):
    """Each side asks, the other executes; levels over both; a person's word; histories are equal."""
    ours, theirs = lab.nodes[0], lab.nodes[2]
    register(theirs, "t", "ghost1 ghost3")
    register(ours, "o", "ghost2 ghost3")
    for node in lab.nodes:
        ask(node, "--register-level", "ghost3", "--index", "1", "--device", "o", "--device", "t")
    ask(ours, "--fence", "ghost1", "--timeout", "10")
    ask(theirs, "--fence", "ghost2", "--timeout", "10")
    ask(ours, "--reboot", "ghost3", "--timeout", "10")
    same_history(lab, 3)
    seen = {(e[0], e[3]) for e in history(ours)}
    assert ("ghost1", "node3") in seen and ("ghost2", "node1") in seen, seen
    actions = [(e["action"], e["by"]) for e in lab.power_log() if e["target"] == "ghost3"]
    assert actions == [("off", "node1"), ("off", "node3"), ("on", "node1")] or actions == [
        ("off", "node1"), ("off", "node3"), ("on", "node1"), ("on", "node3")], actions
    ask(theirs, "--fence", "ghost3", "--timeout", "10")
    ask(theirs, "--confirm", "ghost4")
    ask(ours, "--confirm", "ghost5")
    same_history(lab, 6)
    ask(ours, "--history", "*", "--cleanup")
    same_history(lab, 0)


def what_is_lost_is_fenced_whoever_is_dc(lab):
    begin(lab, device(), dummy("d0"))
    for victim in (lab.nodes[0], lab.nodes[2]):
        prefer(lab, "d0", victim.name)
        wait_until("d0 runs on %s" % victim.name, lambda: active(lab, "d0") == [victim.name], 40)
        lab.power_seen = len(lab.power_log())
        victim.power_off()
        done = was_shot(lab, victim)
        assert_recovered_after(lab, "d0", victim, done)
        assert_clean_and_gone(lab, victim)
        victim.start()
        lab.wait_online(timeout=120)


MIXED = [a_debian_node_and_ours_fence_for_each_other, what_is_lost_is_fenced_whoever_is_dc]


# --- running them ---

def run_group(results, chosen, make_lab, prepare, **options):
    run_in_one_lab(results, chosen, make_lab, lambda lab, story: prepare(lab), fencing=True, **options)


def run_losses(results, chosen, make_lab):
    run_group(results, chosen, make_lab, whole_with_switches)


def run_devices(results, chosen, make_lab):
    run_group(results, chosen, make_lab, whole_with_switches, suffix="4")


def run_duels(results, chosen, make_lab):
    run_group(results, chosen, make_lab, lambda lab: None, nodes=2, quorum="two_node: 1", suffix="2")


def run_mixed(results, chosen, make_lab):
    try:
        need_debian()
    except Skip as e:
        for story in chosen:
            results.skip(story.__name__.replace("_", " "), e)
        return
    run_group(results, chosen, make_lab, whole_with_switches, debian_nodes=["node3"], suffix="3")


def run_side_by_side(results, chosen, make_lab):
    groups = [(run_losses, LOSSES), (run_devices, DEVICES), (run_duels, DUELS), (run_mixed, MIXED)]
    threads = []
    for runner, stories in groups:
        mine = [s for s in chosen if s in stories]

        def run(runner=runner, mine=mine):
            try:
                runner(results, mine, make_lab)
            except Exception as e:  # the lab did not come up
                results.not_ok("lab for %s" % mine[0].__name__.replace("_", " "), e)
        if mine:
            threads.append(threading.Thread(target=run))
            threads[-1].start()
    for thread in threads:
        thread.join()


GROUPS = [(LOSSES + DEVICES + DUELS + MIXED, run_side_by_side)]
