# SPDX-License-Identifier: GPL-2.0-or-later
"""Alerts from end to end: what an agent of the site is told about nodes, resources, fencing and attributes.

Run by scenarios.py; with --debian it describes the field.
"""
import re

from fencing import device
from lab import wait_until
from world import configure, dummies, set_option

AGENT = """#!/bin/sh
call=/tmp/alert-$CRM_alert_recipient-$$
{ echo BEGIN; env | grep '^CRM_'; env | grep '^site_'; id -un; echo END; } >$call.new && mv $call.new $call
"""

# One alert a kind, one of each for which there is no select, one with a filter, one with options of its own.
ALERTS = """<alerts>
  <alert id="default" path="/srv/alert"><recipient id="default-r" value="default"/></alert>
  <alert id="nodes" path="/srv/alert"><select><select_nodes/></select><recipient id="nodes-r" value="nodes"/></alert>
  <alert id="fencing" path="/srv/alert"><select><select_fencing/></select><recipient id="fencing-r" value="fencing"/></alert>
  <alert id="resources" path="/srv/alert"><select><select_resources/></select>
    <instance_attributes id="ri"><nvpair id="ri-s" name="site_name" value="north"/></instance_attributes>
    <meta_attributes id="rm"><nvpair id="rm-t" name="timestamp-format" value="%Y"/></meta_attributes>
    <recipient id="resources-r" value="resources"/>
    <recipient id="resources-r2" value="resources2"><instance_attributes id="ri2"><nvpair id="ri2-s" name="site_name" value="south"/>
      </instance_attributes></recipient></alert>
  <alert id="attributes" path="/srv/alert"><select><select_attributes/></select><recipient id="attributes-r" value="attributes"/></alert>
  <alert id="colour" path="/srv/alert"><select><select_attributes><attribute id="colour-a" name="colour"/></select_attributes></select>
    <recipient id="colour-r" value="colour"/></alert>
</alerts>"""


def told(node, recipient):
    """What the agent of that node was told for that recipient: a list of {variable: value}."""
    text = node.run(["sh", "-c", "cat /tmp/alert-%s-*[0-9]" % recipient], check=False).stdout
    return [dict(line.partition("=")[::2] for line in block.strip().splitlines())
            for block in re.findall(r"^BEGIN\n(.*?)^END$", text, re.S | re.M)]


def find(lab, recipient, **wanted):
    """The calls, on any running node, whose CRM_alert_* variables are these."""
    return [(n.name, call) for n in lab.running() for call in told(n, recipient)
            if all(call.get("CRM_alert_" + k) == v for k, v in wanted.items())]


def once(lab, recipient, timeout=20, **wanted):
    wait_until("%s is told of %s" % (recipient, wanted), lambda: find(lab, recipient, **wanted), timeout, 0.2)
    return find(lab, recipient, **wanted)[0][1]


def agents_are_told_of_what_they_selected(make_lab):
    with make_lab(fencing=True) as lab:
        lab.create()
        lab.start()
        for n in lab.nodes:
            n.write_file("srv/alert", AGENT)
            n.run(["chmod", "755", "/srv/alert"])
        lab.set_hosts_start(False)
        configure(lab, ALERTS)
        configure(lab, "<resources>%s</resources>" % device("power", "node1 node2 node3"))
        set_option(lab, "stonith-enabled", "true")
        lab.wait_idle()

        # A resource starts: once to each recipient of those who want resources, with the options of each.
        configure(lab, dummies(1, "told"))
        lab.wait_idle()
        home = lab.active_on("told0")[0]
        call = once(lab, "resources", kind="resource", rsc="told0", task="start")
        expected = {"node": home, "desc": "ok", "rc": "0", "status": "0", "target_rc": "0", "interval": "0", "version": "2.1.5",
                    "recipient": "resources"}
        for name, value in expected.items():
            assert call.get("CRM_alert_" + name) == value == call.get("CRM_notify_" + name), (name, call)
        assert call["site_name"] == "north" and "hacluster" in call, call
        assert re.fullmatch(r"\d{4}", call["CRM_alert_timestamp"]) and call["CRM_alert_timestamp_epoch"].isdigit(), call
        assert re.fullmatch(r"\d{6}", call["CRM_alert_timestamp_usec"]) and call["CRM_alert_exec_time"].isdigit(), call
        other = once(lab, "resources2", kind="resource", rsc="told0", task="start")
        assert other["site_name"] == "south" and other["CRM_alert_timestamp_usec"] == call["CRM_alert_timestamp_usec"], other
        once(lab, "default", kind="resource", rsc="told0", task="monitor", interval="10000")
        assert len(find(lab, "resources", kind="resource", rsc="told0", task="start")) == 1

        # A failure is told with what was expected.
        lab[home].run(["rm", "-f", "/run/Dummy-told0.state"])
        call = once(lab, "resources", timeout=40, kind="resource", rsc="told0", task="monitor", rc="7")
        assert call["CRM_alert_target_rc"] == "0" and call["CRM_alert_desc"] == "not running", call
        lab.wait_idle()

        # Attributes: only to whom selected them, and only those that were named.
        one = lab.nodes[0]
        one.run(["attrd_updater", "-n", "colour", "-U", "green"])
        one.run(["attrd_updater", "-n", "size", "-U", "7"])
        call = once(lab, "colour", kind="attribute", attribute_name="colour", attribute_value="green", node="node1")
        assert call["CRM_alert_nodeid"] == "1" and call["CRM_alert_recipient"] == "colour", call
        once(lab, "attributes", kind="attribute", attribute_name="size", attribute_value="7", node="node1")
        one.run(["attrd_updater", "-n", "colour", "-U", "red"])
        once(lab, "colour", kind="attribute", attribute_name="colour", attribute_value="red")
        one.run(["attrd_updater", "-n", "colour", "-D"])
        wait_until("the end of the attribute is told", lambda: [c for _, c in find(lab, "colour", kind="attribute")
                                                                if c["CRM_alert_attribute_value"] == ""], 20, 0.2)
        assert not find(lab, "colour", attribute_name="size"), "an attribute that nobody named"

        # A node dies, and is fenced.
        victim = lab[[n.name for n in lab.nodes if n.name != lab.dc().name and n.name != "node1"][0]]
        victim.power_off()
        call = once(lab, "nodes", timeout=40, kind="node", node=victim.name, desc="lost")
        assert call["CRM_alert_nodeid"] == str(victim.number), call
        call = once(lab, "fencing", timeout=60, kind="fencing", node=victim.name)
        assert call["CRM_alert_task"] == "st_notify_fence" and call["CRM_alert_rc"] == "0" and victim.name in call["CRM_alert_desc"], call
        once(lab, "default", kind="fencing", node=victim.name)
        once(lab, "default", kind="node", node=victim.name, desc="lost")
        lab.switches_reset()
        victim.start()
        lab.wait_online(timeout=60)
        once(lab, "nodes", timeout=30, kind="node", node=victim.name, desc="member")

        # Nobody was told of what he did not select, and each agent's calls are numbered without a gap.
        for recipient, kinds in (("default", {"node", "resource", "fencing"}), ("nodes", {"node"}), ("fencing", {"fencing"}),
                                 ("resources", {"resource"}), ("attributes", {"attribute"}), ("colour", {"attribute"})):
            found = {call["CRM_alert_kind"] for _, call in find(lab, recipient)}
            assert found == kinds, "%s was told of %s" % (recipient, found)
        for n in lab.nodes:
            if n is victim:
                continue # its first life's were lost with it
            numbers = sorted(int(call["CRM_alert_node_sequence"]) for r in ("default", "nodes", "fencing", "resources", "resources2",
                                                                            "attributes", "colour") for call in told(n, r))
            assert numbers == list(range(1, len(numbers) + 1)), "%s: %s" % (n.name, numbers)


STORIES = [agents_are_told_of_what_they_selected]


def run(results, chosen, make_lab):
    for story in chosen:
        results.run(story.__name__.replace("_", " "), lambda: story(make_lab))
