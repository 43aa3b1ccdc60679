#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two nodes, a web server on replicated storage, by crmsh: what a first evening with the packages looks like.

usage: smoke.py          inside a tree with the packages installed (see `enter`); the lab uses what is installed there

The storage is ocf:pacemaker:Stateful, which plays the role of DRBD.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "../lab")]
import website  # noqa: E402
from lab import Lab, wait_until  # noqa: E402
from results import Results  # noqa: E402

ADDRESS = website.ADDRESS
# An init script as of old: the class that crmsh's guides use for the web server.
INIT_SCRIPT = """#!/bin/sh
### BEGIN INIT INFO
# Provides:          website
# Required-Start:    $network
# Required-Stop:     $network
# Default-Start:
# Default-Stop:
# Short-Description: the web site
### END INIT INFO
nginx="/usr/sbin/nginx -c /srv/site.conf"
running() { [ -s /run/nginx-site.pid ] && kill -0 "$(cat /run/nginx-site.pid)" 2>/dev/null; }
case $1 in
start) running || $nginx ;;
stop) ! running || { $nginx -s stop; while running; do sleep 0.1; done; } ;;
status) running || exit 3 ;;
*) exit 2 ;;
esac
"""


def crm(lab, *words, node=1, check=True):
    return lab[node].run(["crm"] + list(words), check=check, timeout=90).stdout


def sees(lab, node, *patterns, timeout=60):
    """Until crm_mon on that node shows a line for each of the patterns."""
    def complete():
        text = lab[node].run(["crm_mon", "-1"], check=False).stdout
        return all(re.search(p, text, re.M) for p in patterns)
    try:
        wait_until("", complete, timeout, 0.3)
    except Exception:
        raise AssertionError("crm_mon does not show all of %r but:\n%s" % (patterns, lab[node].run(["crm_mon", "-1"], check=False).stdout))


def the_cluster_comes_up_from_the_packages(lab):
    lab.create()
    lab.start()
    sees(lab, 1, r"^  \* Current DC: node\d \(version 2\.1\.5.*partition with quorum", r"Online: \[ node1 node2 \]", r"No active resources")
    shown = crm(lab, "configure", "show")
    assert "node 1: node1" in shown and "cluster-infrastructure=corosync" in shown and "dc-version=" in shown, shown
    for name, user in (("pacemakerd", "root"), ("pacemaker-based", "hacluster"), ("pacemaker-fenced", "root"), ("pacemaker-execd", "root"),
                       ("pacemaker-attrd", "hacluster"), ("pacemaker-schedulerd", "hacluster"), ("pacemaker-controld", "hacluster")):
        found = lab[1].run(["ps", "-C", name, "-o", "user="], check=False).stdout.split()
        assert found == [user], "%s runs as %s" % (name, found)


def crm_verify_asks_for_fencing_until_it_is_switched_off(lab):
    p = lab[1].run(["crm_verify", "-L"], check=False)
    assert p.returncode == 78, (p.returncode, p.stdout)
    crm(lab, "configure", "property", "stonith-enabled=false", "no-quorum-policy=ignore")
    p = lab[1].run(["crm_verify", "-L"], check=False)
    assert p.returncode == 0 and p.stdout == "", (p.returncode, p.stdout)


def agents_and_their_parameters_are_found(lab):
    classes = set(crm(lab, "ra", "classes").replace("/", " ").split())
    assert {"lsb", "ocf", "heartbeat", "pacemaker", "service", "stonith"} <= classes, classes
    assert "IPaddr2" in crm(lab, "ra", "list", "ocf", "heartbeat").split()
    assert {"Dummy", "Stateful", "ping", "remote"} <= set(crm(lab, "ra", "list", "ocf", "pacemaker").split())
    assert "cidr_netmask" in crm(lab, "ra", "info", "IPaddr2")
    assert "fence_ipmilan" in crm(lab, "ra", "list", "stonith").split()
    assert "website" in crm(lab, "ra", "list", "lsb").split()


def an_address_is_served_and_moves_when_its_node_dies(lab):
    crm(lab, "configure", "primitive", "ClusterIP", "ocf:heartbeat:IPaddr2", "params", "ip=" + ADDRESS, "cidr_netmask=24", "nic=eth0",
        "op", "monitor", "interval=10s")
    lab.wait_idle()
    home = lab.active_on("ClusterIP")[0]
    assert "ClusterIP is running on: " + home in crm(lab, "resource", "status", "ClusterIP")
    assert ADDRESS in lab[home].output("ip", "-4", "addr", "show", "eth0")
    other = lab[3 - lab[home].number]
    lab[home].power_off()
    sees(lab, other.number, r"OFFLINE: \[ %s \]" % home, r"ClusterIP.*Started %s" % other.name)
    assert ADDRESS in other.output("ip", "-4", "addr", "show", "eth0")
    lab[home].start(wait=True)
    lab.wait_idle()


def replicated_storage_carries_a_web_server(lab):
    for n in lab.nodes:
        n.write_file("srv/site.conf", website.NGINX_CONF.format(node=n.name))
    crm(lab, "configure", "rsc_defaults", "resource-stickiness=100")
    crm(lab, "configure", "primitive", "WebSite", "lsb:website", "op", "monitor", "interval=5s")
    crm(lab, "configure", "primitive", "disk", "ocf:pacemaker:Stateful", "op", "monitor", "interval=15s", "role=Promoted",
        "op", "monitor", "interval=16s", "role=Unpromoted")
    crm(lab, "configure", "ms", "ms_disk", "disk", "meta", "master-max=1", "master-node-max=1", "clone-max=2", "clone-node-max=1", "notify=true")
    crm(lab, "configure", "group", "my_services", "ClusterIP", "WebSite")
    crm(lab, "configure", "colocation", "services_with_disk", "inf:", "my_services", "ms_disk:Master")
    crm(lab, "configure", "order", "services_after_disk", "inf:", "ms_disk:promote", "my_services:start")
    crm(lab, "configure", "location", "prefer-node1", "my_services", "500:", "node1")
    lab.wait_idle()
    sees(lab, 2, r"Promoted: \[ node1 \]", r"Unpromoted: \[ node2 \]", r"ClusterIP.*Started node1\n.*WebSite.*Started node1")
    assert website.fetch(lab) == "node1"
    shown = crm(lab, "configure", "show")
    for words in ("group my_services ClusterIP WebSite", "colocation services_with_disk inf: my_services ms_disk:Master",
                  "location prefer-node1 my_services 500: node1"):
        assert words in shown, shown


def resources_move_and_come_back(lab):
    crm(lab, "resource", "move", "my_services", "node2")
    lab.wait_idle()
    sees(lab, 1, r"Promoted: \[ node2 \]", r"WebSite.*Started node2")
    assert website.fetch(lab) == "node2"
    assert "cli-prefer-my_services" in crm(lab, "configure", "show")
    crm(lab, "resource", "clear", "my_services")
    assert "cli-prefer-my_services" not in crm(lab, "configure", "show")
    crm(lab, "node", "standby", "node2")
    lab.wait_idle()
    sees(lab, 1, r"Node node2: standby", r"WebSite.*Started node1")
    crm(lab, "node", "online", "node2")
    lab.wait_idle()


def a_web_server_that_dies_is_started_again(lab):
    home = website.fetch(lab)
    lab[home].kill("nginx")
    wait_until("the site answers again", lambda: website.fetch(lab), 40, 0.3)
    sees(lab, 1, r"^Failed Resource Actions:\n  \* WebSite.* on %s " % home)
    crm(lab, "resource", "cleanup", "WebSite")
    lab.wait_idle()
    assert "Failed Resource Actions" not in lab[1].output("crm_mon", "-1")


def pcs_manages_the_same_cluster(lab):
    def pcs(*words):
        return lab[2].run(["pcs"] + list(words), timeout=90).stdout
    assert "my_services" in pcs("status", "resources")
    pcs("resource", "create", "extra", "ocf:pacemaker:Dummy", "op", "monitor", "interval=30s")
    lab.wait_idle()
    assert re.search(r"extra\s+\(ocf:pacemaker:Dummy\):\s+Started node\d", pcs("resource", "status"))
    pcs("property", "set", "cluster-recheck-interval=10min")
    assert "cluster-recheck-interval: 10min" in pcs("property", "config").replace("=", ": ")
    assert "pcmk_host_list" in pcs("stonith", "describe", "fence_ipmilan")
    pcs("resource", "delete", "extra")


def a_node_leaves_in_order(lab):
    home = website.fetch(lab)
    other = lab[3 - lab[home].number].name
    lab[home].stop()
    wait_until("%s serves the site" % other, lambda: website.fetch(lab) == other, 30, 0.2)


STORIES = [the_cluster_comes_up_from_the_packages, crm_verify_asks_for_fencing_until_it_is_switched_off, agents_and_their_parameters_are_found,
           an_address_is_served_and_moves_when_its_node_dies, replicated_storage_carries_a_web_server, resources_move_and_come_back,
           a_web_server_that_dies_is_started_again, pcs_manages_the_same_cluster, a_node_leaves_in_order]


def main():
    results = Results()
    with open("/etc/init.d/website", "w") as f:
        f.write(INIT_SCRIPT)
    os.chmod("/etc/init.d/website", 0o755)
    with Lab("smoke", nodes=2, quorum="two_node: 1;wait_for_all: 0") as lab:
        for story in STORIES:
            before = results.failed
            results.run("installed: " + story.__name__.replace("_", " "), story, lab)
            if results.failed > before:
                print("logs: %s" % lab.save_logs())
                if story is STORIES[0]:
                    break
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
