# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories of resources that run in several places, and of what becomes of them when they fail.

Run by scenarios.py with QUORATE_LONG, or by name; with --debian they describe the field.
"""
import re
import xml.etree.ElementTree as ET

from fencing import dummy
from lab import wait_until
from world import active, configure, expect_active, run_in_one_lab, set_option, whole

# Promotable, and only with notifications: a service that has to know of its peers.
NEEDY = """#!/bin/sh
state=/run/needy.state
case $1 in
meta-data)
    cat <<EOF
<?xml version="1.0"?><resource-agent name="needy" version="1.0"><version>1.1</version><longdesc lang="en">x</longdesc>
<shortdesc lang="en">x</shortdesc><parameters/><actions><action name="start" timeout="20"/><action name="stop" timeout="20"/>
<action name="promote" timeout="20"/><action name="demote" timeout="20"/><action name="notify" timeout="20"/>
<action name="monitor" timeout="20" interval="10"/><action name="meta-data" timeout="5"/></actions></resource-agent>
EOF
    exit 0 ;;
monitor) [ -e $state ] || exit 7; [ "$(cat $state)" = promoted ] && exit 8; exit 0 ;;
start)
    [ "$OCF_RESKEY_CRM_meta_notify" = true ] || { echo "ocf-exit-reason:Needs notifications: set notify=true" >&2; exit 6; }
    echo started >$state; crm_attribute -p -v 10 -l reboot; exit 0 ;;
stop) rm -f $state; exit 0 ;;
promote) echo promoted >$state; exit 0 ;;
demote) echo started >$state; exit 0 ;;
notify) echo "$OCF_RESKEY_CRM_meta_notify_type-$OCF_RESKEY_CRM_meta_notify_operation \\
$OCF_RESKEY_CRM_meta_notify_promote_uname" >>/tmp/notified; exit 0 ;;
esac
exit 3
"""


def vendor_agent(lab, name, text):
    """An agent of a vendor (ocf:vendor:NAME) on every host, without touching the machine's own folder."""
    for n in lab.nodes:
        n.run(["sh", "-ec", """
            if [ ! -d /usr/lib/ocf/resource.d/vendor ]; then
                mkdir -p /run/.ocf; mount --rbind /usr/lib/ocf/resource.d /run/.ocf; mount -t tmpfs tmpfs /usr/lib/ocf/resource.d
                ln -s /run/.ocf/* /usr/lib/ocf/resource.d/; mkdir /usr/lib/ocf/resource.d/vendor
            fi
            cat >/usr/lib/ocf/resource.d/vendor/%s; chmod 755 /usr/lib/ocf/resource.d/vendor/%s""" % (name, name)], input=text)


def clone(name, inner, **meta):
    return "<resources><clone id='%s'>%s<meta_attributes id='%s-meta'>%s</meta_attributes></clone></resources>" % (
        name, inner, name, "".join("<nvpair id='%s-%s' name='%s' value='%s'/>" % (name, k.replace("_", "-"), k.replace("_", "-"), v)
                                   for k, v in meta.items()))


def instances(lab, resource):
    """Node names of all active instances, one each."""
    return sorted(n.get("name") for r in lab.running()[0].status().iter("resource")
                  if r.get("id").split(":")[0] == resource and r.get("active") == "true" for n in r.findall("node"))


def last(lab, resource, operation, node):
    """Newest record of that operation there: (second at which it ended, seconds it took), or None."""
    ops = lab.running()[0].cib().findall(".//node_state[@uname='%s']//lrm_rsc_op[@operation='%s']" % (node, operation))
    ops = [o for o in ops if o.get("operation_key", "").split("_%s_" % operation)[0].split(":")[0] == resource]
    return (int(ops[-1].get("last-rc-change")), int(ops[-1].get("exec-time")) / 1000) if ops else None


def numbers_of_instances_are_kept(lab):
    configure(lab, clone("few", dummy("f"), clone_max="2"))
    configure(lab, clone("unique", dummy("u"), globally_unique="true", clone_max="4", clone_node_max="2"))
    lab.wait_idle()
    assert len(set(instances(lab, "f"))) == 2 == len(instances(lab, "f"))
    homes = instances(lab, "u")
    assert len(homes) == 4 and max(homes.count(n) for n in homes) == 2, homes
    ids = {r.get("id") for r in lab.nodes[0].status().iter("resource") if r.get("id").startswith("u:")}
    assert ids == {"u:0", "u:1", "u:2", "u:3"}, ids
    lab.nodes[0].run(["crm_resource", "-r", "few", "--meta", "-p", "clone-max", "-v", "3"])
    expect_active(lab, "f", 3)


def what_depends_on_a_clone_waits_for_as_many_as_it_needs(lab):
    configure(lab, clone("pool", dummy("p"), clone_min="2"))
    configure(lab, "<resources>%s</resources>" % dummy("user"))
    configure(lab, "<constraints><rsc_order id='o' first='pool' then='user'/></constraints>")
    lab.wait_idle()
    expect_active(lab, "user")
    for name in ("node3", "node2"):
        lab.nodes[0].run(["crm_standby", "-N", name, "-v", "on"])
        lab.wait_idle()
        assert len(active(lab, "user")) == (1 if name == "node3" else 0), "%s in standby: user on %s" % (name, active(lab, "user"))
    lab.nodes[0].run(["crm_standby", "-N", "node2", "-v", "off"])
    lab.wait_idle()
    expect_active(lab, "user")


def ordered_copies_start_one_after_the_other(lab):
    set_option(lab, "load-threshold", "100000%") # a busy machine would start one thing after the other
    for ordered in ("true", "false"):
        name = "o" + ordered[0]
        configure(lab, clone("c" + name, dummy(name, op_sleep="2"), ordered=ordered))
        lab.wait_idle()
        begins = sorted(end for end, _ in (last(lab, name, "start", n.name) for n in lab.nodes))
        gap = begins[-1] - begins[0]
        assert gap >= 4 if ordered == "true" else gap < 4, "ordered=%s: %s" % (ordered, begins)


def interleaved_copies_depend_on_the_copy_beside_them_alone(lab):
    for interleave in ("true", "false"):
        a, b = "a" + interleave[0], "b" + interleave[0]
        configure(lab, clone("c" + a, dummy(a, ("monitor", {"interval": "1s"})), interleave="true"))
        configure(lab, clone("c" + b, dummy(b), interleave=interleave))
        configure(lab, "<constraints><rsc_order id='o-%s' first='c%s' then='c%s'/></constraints>" % (a, a, b))
        lab.wait_idle()
        expect_active(lab, b, 3)
        before = {n.name: log_count(lab, b, n) for n in lab.nodes}
        lab.nodes[0].run(["rm", "-f", "/run/Dummy-%s.state" % a])
        wait_until("%s of node1 is started anew" % b, lambda: log_count(lab, b, lab.nodes[0]) > before["node1"], 30, 0.3)
        lab.wait_idle()
        expect_active(lab, b, 3)
        others = [n.name for n in lab.nodes[1:] if log_count(lab, b, n) > before[n.name]]
        assert others == ([] if interleave == "true" else ["node2", "node3"]), "interleave=%s: started anew on %s" % (interleave, others)


def log_count(lab, resource, node):
    """How often the resource was started on that node, by the controllers' word."""
    return len(re.findall(r"Result of start operation for %s(:\d+)?( on \w+)?: ok" % resource, node.log()))


def meta_attributes_of_a_clone_hold_for_its_copies(lab):
    configure(lab, clone("kept", dummy("k"), priority="7"))
    lab.wait_idle()
    one = lab.nodes[0]
    assert one.output("crm_resource", "-r", "k", "--meta", "-g", "priority").strip().endswith("7")
    one.run(["crm_resource", "-r", "kept", "--meta", "-p", "is-managed", "-v", "false"])
    lab.wait_idle()
    assert {r.get("managed") for r in one.status().iter("resource") if r.get("id").startswith("k")} == {"false"}
    one.run(["crm_resource", "-r", "kept", "--meta", "-p", "target-role", "-v", "Stopped"])
    lab.wait_idle()
    expect_active(lab, "k", 3) # nobody stops what is not managed
    one.run(["crm_resource", "-r", "kept", "--meta", "-d", "is-managed"])
    wait_until("all copies stop", lambda: active(lab, "k") == [], 30)
    one.run(["crm_resource", "-r", "kept", "--meta", "-d", "target-role"])
    expect_active(lab, "k", 3)


def an_agent_that_misses_notifications_says_so_in_the_status(lab):
    vendor_agent(lab, "needy", NEEDY)
    inner = "<primitive id='n' class='ocf' provider='vendor' type='needy'><operations><op id='n-m' name='monitor' interval='10s'/></operations></primitive>"
    configure(lab, clone("needs", inner, promotable="true"))
    lab.wait_idle()
    text = lab.nodes[1].output("crm_mon", "-1", "-r")
    assert "Failed Resource Actions" in text and "Needs notifications: set notify=true" in text and "Promoted: [" not in text, text
    one = lab.nodes[0]
    one.run(["crm_resource", "-r", "needs", "--meta", "-p", "notify", "-v", "true"])
    one.run(["crm_resource", "--cleanup", "-r", "n"])
    wait_until("one is promoted", lambda: "Promoted: [" in one.output("crm_mon", "-1"), 40, 0.3)
    lab.wait_idle()
    promoted = [n.get("name") for r in one.status().iter("resource") if r.get("role") == "Promoted" for n in r.findall("node")]
    for n in lab.nodes:
        told = n.output("cat", "/tmp/notified").splitlines()
        for line in ("pre-promote " + promoted[0], "post-promote " + promoted[0]):
            assert line in [t.strip() for t in told], "%s was not told %r: %s" % (n.name, line, told)
    one.run(["crm_resource", "-r", "needs", "--meta", "-p", "promoted-max", "-v", "2"])
    wait_until("two are promoted", lambda: sum(r.get("role") == "Promoted" for r in one.status().iter("resource")) == 2, 30, 0.3)


def a_failure_has_the_consequence_that_was_chosen(lab):
    def fail(name):
        home = expect_active(lab, name)[0]
        lab[home].run(["rm", "-f", "/run/Dummy-%s.state" % name])
        wait_until("the failure of %s is on record" % name, lambda: any(
            f.get("op_key", "").startswith(name + "_monitor") for f in lab.running()[0].status().iter("failure")), 20, 0.3)
        lab.wait_idle()
        return home

    def shown(name):
        return [r for r in lab.nodes[0].status().iter("resource") if r.get("id") == name][0]

    for choice in ("ignore", "block", "stop", "restart", "standby"):
        configure(lab, "<resources>%s</resources>" % dummy(choice, ("monitor", {"interval": "1s", "on-fail": choice})))
        lab.wait_idle()
        home = fail(choice)
        r = shown(choice)
        if choice == "ignore":
            assert r.get("role") == "Started" and r.get("failure_ignored") == "true" and r.find("node").get("name") == home, ET.tostring(r)
        elif choice == "block":
            assert r.get("blocked") == "true" and r.get("failed") == "true", ET.tostring(r)
        elif choice == "stop":
            assert r.get("role") == "Stopped", ET.tostring(r)
        elif choice == "restart":
            assert active(lab, choice) == [home] and lab[home].run(["test", "-e", "/run/Dummy-restart.state"], check=False).returncode == 0
        else:
            assert len(active(lab, choice)) == 1 and active(lab, choice) != [home], active(lab, choice)
            node = [n for n in lab.nodes[0].status().findall("./nodes/node") if n.get("name") == home][0]
            assert node.get("standby_onfail") == "true", ET.tostring(node)
        lab.nodes[0].run(["crm_resource", "--cleanup", "-r", choice])
        lab.wait_idle()
    stateful = ("<primitive id='s' class='ocf' provider='pacemaker' type='Stateful'><operations>"
                "<op id='s-p' name='monitor' interval='1s' role='Promoted' on-fail='demote'/><op id='s-u' name='monitor' interval='11s' role='Unpromoted'/>"
                "</operations></primitive>")
    configure(lab, clone("sc", stateful, promotable="true"))
    wait_until("one is promoted", lambda: "Promoted: [" in lab.nodes[0].output("crm_mon", "-1"), 40, 0.3)
    lab.wait_idle()
    home = [n.get("name") for r in lab.nodes[0].status().iter("resource") if r.get("role") == "Promoted" for n in r.findall("node")][0]
    starts = log_count(lab, "s", lab[home])
    other = [n for n in lab.nodes if n.name != home][0] # its state is what an unpromoted copy has
    lab[home].run(["sh", "-c", "cat >$(ls /run/Stateful-s*.state)"], input=other.output("sh", "-c", "cat /run/Stateful-s*.state"))
    wait_until("the failure is on record", lambda: any(f.get("op_key", "").startswith("s_monitor") for f in
                                                       lab.running()[0].status().iter("failure")), 20, 0.3)
    lab.wait_idle()
    wait_until("one is promoted again", lambda: "Promoted: [" in lab.nodes[0].output("crm_mon", "-1"), 40, 0.3)
    assert log_count(lab, "s", lab[home]) == starts, "%s was started anew instead of demoted" % home


STORIES = [numbers_of_instances_are_kept, what_depends_on_a_clone_waits_for_as_many_as_it_needs, ordered_copies_start_one_after_the_other,
           interleaved_copies_depend_on_the_copy_beside_them_alone, meta_attributes_of_a_clone_hold_for_its_copies,
           an_agent_that_misses_notifications_says_so_in_the_status, a_failure_has_the_consequence_that_was_chosen]


def run(results, chosen, make_lab):
    run_in_one_lab(results, chosen, make_lab, lambda lab, story: whole(lab))
