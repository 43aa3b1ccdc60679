# SPDX-License-Identifier: GPL-2.0-or-later
"""A storage appliance with two controllers: agents of a vendor that activate arrays, addresses that follow, planned fail-back.

Run by scenarios.py with QUORATE_LONG, or by name; with --debian it describes the field.
"""
import time

from clones import vendor_agent
from fencing import begin, device, shots, was_shot, whole_with_switches
from lab import NET, run as run_command, wait_until
from world import active, configure, run_in_one_lab, set_option

# An array may be active on one controller only.  Who activates it writes his name on the shared disk; finding another's
# name there is fine only if that controller is off, which the test judges by what the power switch did and when.
ARRAY = """#!/bin/sh
disk=/run/.lab/array-$OCF_RESKEY_array
mine=/run/array-$OCF_RESKEY_array
case $1 in
meta-data)
    cat <<EOF
<?xml version="1.0"?><resource-agent name="makeRAID" version="1.0"><version>1.1</version><longdesc lang="en">x</longdesc>
<shortdesc lang="en">x</shortdesc><parameters><parameter name="array" required="1" unique="1"><longdesc lang="en">x</longdesc>
<shortdesc lang="en">x</shortdesc><content type="string"/></parameter></parameters><actions><action name="start" timeout="20"/>
<action name="stop" timeout="20"/><action name="monitor" timeout="20" interval="10"/><action name="meta-data" timeout="5"/></actions></resource-agent>
EOF
    ;;
monitor) [ -e $mine ] || exit 7 ;;
start) [ -e $mine ] || { echo "$(date +%s.%N) start $(uname -n)" >>$disk; touch $mine; } ;;
stop) [ ! -e $mine ] || { echo "$(date +%s.%N) stop $(uname -n)" >>$disk; rm -f $mine; } ;;
*) exit 3 ;;
esac
exit 0
"""


def array(name, number, home):
    """One array with its address, which is offered by that controller as long as it can."""
    return ("<group id='{0}'><primitive id='{0}-raid' class='ocf' provider='vendor' type='makeRAID'><instance_attributes id='{0}-ri'>"
            "<nvpair id='{0}-ra' name='array' value='{0}'/></instance_attributes><operations><op id='{0}-rm' name='monitor' interval='3s'/>"
            "</operations></primitive><primitive id='{0}-ip' class='ocf' provider='heartbeat' type='IPaddr2'><instance_attributes id='{0}-ii'>"
            "<nvpair id='{0}-ia' name='ip' value='{1}.{2}'/><nvpair id='{0}-im' name='cidr_netmask' value='24'/>"
            "<nvpair id='{0}-in' name='nic' value='eth0'/><nvpair id='{0}-ic' name='arp_count' value='1'/></instance_attributes>"
            "</primitive></group>").format(name, NET, 110 + number), \
        "<constraints><rsc_location id='home-%s' rsc='%s' node='%s' score='50'/></constraints>" % (name, name, home)


def up(lab):
    """Both controllers at work, each with its own array."""
    whole_with_switches(lab)
    for n in lab.nodes:
        n.run(["rm", "-f", "/run/.lab/array-north", "/run/.lab/array-south"])
    vendor_agent(lab, "makeRAID", ARRAY)
    configure(lab, "<rsc_defaults><meta_attributes id='rd'><nvpair id='rd-s' name='resource-stickiness' value='1000'/>"
                   "</meta_attributes></rsc_defaults>")
    groups = [array("north", 1, "node1"), array("south", 2, "node2")]
    for _, constraint in groups:
        configure(lab, "<resources>%s</resources>" % groups[0 if "north" in constraint else 1][0])
        configure(lab, constraint)
    begin(lab, device("power-1", "node1", pcmk_delay_base="2s"), device("power-2", "node2"))
    wait_until("each controller has its array", lambda: (active(lab, "north-raid"), active(lab, "south-raid")) == (["node1"], ["node2"]), 30)


def answers(lab, number):
    return run_command(["ip", "netns", "exec", lab.prefix + "-switch", "ping", "-c", "1", "-W", "1", "%s.%d" % (NET, 110 + number)],
                       check=False).returncode == 0


def journal(lab, name):
    """What was done with an array: [(second, start or stop, controller)]."""
    text = lab.running()[0].output("cat", "/run/.lab/array-" + name)
    return [(float(when), what, who) for when, what, who in (line.split() for line in text.splitlines())]


def assert_never_active_twice(lab, name):
    """Between two starts on different controllers there is a stop of the first, or its power was cut."""
    owner = None
    for when, what, who in journal(lab, name):
        if what == "stop":
            owner = None
            continue
        if owner not in (None, who):
            cuts = [e for e in lab.power_log("off", "reboot") if e["target"] == owner and e["rc"] == 0 and e["done"] <= when]
            assert cuts, "%s was activated on %s while %s had it: %s" % (name, who, owner, journal(lab, name))
        owner = who


def repaired(lab, node):
    """The controller comes back with nothing active, as after a repair."""
    lab.switches_reset()
    node.power_off()
    for other in lab.nodes:
        other.mend_to(node)
        node.mend_to(other)
    node.boot()
    vendor_agent(lab, "makeRAID", ARRAY) if node.run(["test", "-d", "/usr/lib/ocf/resource.d/vendor"], check=False).returncode else None
    node.start()
    lab.wait_online(timeout=90)
    lab.wait_idle()


def has_both_arrays(lab, node, viewer=None, seconds=60):
    wait_until("%s has both arrays" % node.name, lambda: active(lab, "north-raid", viewer) == [node.name]
               == active(lab, "south-raid", viewer), seconds, 0.2)


def planned_fail_back(lab, back):
    """The repaired controller gets its array at the administrator's word; the other's service is not touched."""
    name, other = ("north", "south") if back.name == "node1" else ("south", "north")
    assert active(lab, name + "-raid") == active(lab, other + "-raid") != [back.name], "it moved back without being told to"
    before = journal(lab, other)
    one = lab.running()[0]
    one.run(["crm_resource", "--move", "-r", name, "-N", back.name])
    wait_until("%s is back on %s" % (name, back.name), lambda: active(lab, name + "-raid") == [back.name], 30, 0.2)
    lab.wait_idle()
    one.run(["crm_resource", "--clear", "-r", name])
    lab.wait_idle()
    assert journal(lab, other) == before, "the other controller's array was touched: %s" % journal(lab, other)
    assert active(lab, name + "-raid") == [back.name] != active(lab, other + "-raid")
    for number in (1, 2):
        wait_until("address %d answers" % number, lambda: answers(lab, number), 10)
    assert_never_active_twice(lab, name)
    assert_never_active_twice(lab, other)


def a_controller_that_dies_is_taken_over_and_fails_back_as_planned(lab):
    up(lab)
    victim, other = lab.nodes
    victim.power_off()
    has_both_arrays(lab, other, viewer=other)
    wait_until("the address has followed", lambda: answers(lab, 1), 20)
    assert len([s for s in journal(lab, "south") if s[1] == "start"]) == 1, journal(lab, "south")
    repaired(lab, victim)
    planned_fail_back(lab, victim)


def a_cut_link_leaves_exactly_one_controller(lab):
    up(lab)
    a, b = lab.nodes
    a.cut_to(b)
    b.cut_to(a)
    wait_until("one controller is shot", lambda: not a.pid or not b.pid, 60, 0.05)
    time.sleep(2) # the other's shot, if it was under way
    assert (not a.pid) != (not b.pid), "both controllers are off: %s" % shots(lab)
    winner, loser = (a, b) if a.pid else (b, a)
    was_shot(lab, loser)
    has_both_arrays(lab, winner, viewer=winner)
    for number in (1, 2):
        wait_until("address %d answers" % number, lambda: answers(lab, number), 20)
    repaired(lab, loser)
    planned_fail_back(lab, loser)


def maintenance_of_a_controller_moves_its_array_in_good_order(lab):
    up(lab)
    one = lab.nodes[1]
    one.run(["crm_standby", "-N", "node1", "-v", "on"])
    has_both_arrays(lab, one, seconds=30)
    assert [w[1:] for w in journal(lab, "north")] == [("start", "node1"), ("stop", "node1"), ("start", "node2")], journal(lab, "north")
    one.run(["crm_standby", "-N", "node1", "-D"])
    lab.wait_idle()
    planned_fail_back(lab, lab.nodes[0])
    assert shots(lab) == [], shots(lab)
    set_option(lab, "stonith-enabled", "false")


STORIES = [a_controller_that_dies_is_taken_over_and_fails_back_as_planned, a_cut_link_leaves_exactly_one_controller,
           maintenance_of_a_controller_moves_its_array_in_good_order]


def run(results, chosen, make_lab):
    run_in_one_lab(results, chosen, make_lab, lambda lab, story: None, fencing=True, nodes=2, quorum="two_node: 1")
