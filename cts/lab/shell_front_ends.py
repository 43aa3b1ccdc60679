# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories told through Debian's unmodified crmsh, as administrators' guides tell them.

Skipped where crmsh is not installed.
"""
import os
import re

import website
from lab import wait_until
from results import Skip


def need_crmsh():
    if not os.path.exists("/usr/sbin/crm"):
        raise Skip("Debian's crmsh is not installed (./check --with-oracle installs it)")


def crm(node, *words, status=0):
    p = node.run(["crm"] + list(words), check=False, timeout=120)
    assert status is None or p.returncode == status, "crm %s: exit %d:\n%s" % (" ".join(words), p.returncode, p.stdout)
    return p.stdout


def a_web_server_is_set_up_and_administered_with_crmsh(make_lab):
    with make_lab() as lab:
        lab.create()
        lab.start()
        one = lab.nodes[0]
        # An empty cluster, as a guide shows it.
        text = one.output("crm_mon", "-1")
        for line in ("partition with quorum", "Online: [ node1 node2 node3 ]", "No active resources"):
            assert line in text, text
        text = crm(one, "configure", "show")
        for word in ("node 1: node1", "dc-version=", "cluster-infrastructure=corosync"):
            assert word in text, text
        # Fencing is missed until one says that one does without.
        p = one.run(["crm_verify", "-L"], check=False)
        assert p.returncode != 0 and "STONITH" in one.run(["crm_verify", "-L", "-V"], check=False).stdout
        crm(one, "configure", "property", "stonith-enabled=false")
        assert one.run(["crm_verify", "-L"], check=False).returncode == 0
        # An address.
        crm(one, "configure", "primitive", "ClusterIP", "ocf:heartbeat:IPaddr2", "params", "ip=" + website.ADDRESS,
            "cidr_netmask=24", "op", "monitor", "interval=30s")
        wait_until("the address runs", lambda: len(lab.active_on("ClusterIP") or []) == 1, 30)
        home = lab.active_on("ClusterIP")[0]
        assert re.search(r"ClusterIP is running on: %s" % home, crm(one, "resource", "status", "ClusterIP"))
        assert website.ADDRESS in lab[home].output("ip", "-4", "addr")
        # Corosync stops on the node that has it.
        viewer = [n for n in lab.nodes if n.name != home][0]
        lab[home].stop()
        wait_until("the address has moved", lambda: lab.active_on("ClusterIP", viewer) not in (None, [], [home]), 30)
        assert re.search(r"OFFLINE: \[ %s \]" % home, viewer.output("crm_mon", "-1"))
        lab[home].start(wait=True)
        # Everyday administration.
        crm(viewer, "resource", "stop", "ClusterIP")
        wait_until("stopped", lambda: lab.active_on("ClusterIP", viewer) == [], 30)
        crm(viewer, "resource", "start", "ClusterIP")
        wait_until("started", lambda: len(lab.active_on("ClusterIP", viewer) or []) == 1, 30)
        crm(viewer, "resource", "restart", "ClusterIP")
        target = [n.name for n in lab.nodes if [n.name] != lab.active_on("ClusterIP", viewer)][0]
        crm(viewer, "resource", "move", "ClusterIP", target)
        wait_until("moved", lambda: lab.active_on("ClusterIP", viewer) == [target], 30)
        assert viewer.cib().find(".//rsc_location[@id='cli-prefer-ClusterIP']") is not None
        crm(viewer, "resource", "clear", "ClusterIP")
        assert viewer.cib().find(".//rsc_location[@id='cli-prefer-ClusterIP']") is None
        crm(viewer, "resource", "cleanup", "ClusterIP")
        crm(viewer, "resource", "cleanup", "ClusterIP", target)
        lab.wait_idle()
        assert len(lab.active_on("ClusterIP", viewer)) == 1


STORIES = [a_web_server_is_set_up_and_administered_with_crmsh]


def run(results, chosen, make_lab):
    for story in chosen:
        def told():
            need_crmsh()
            story(make_lab)
        results.run(story.__name__.replace("_", " "), told)
