#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenario tests on real hosts of the lab: each function is a story that a site can live through.

usage: scenarios.py --stage DIR [--debian] [--only WORD ...] [--list]

The stories of one group share a running cluster; each finds it whole (all nodes online, no resources) and may break
anything.  With --debian the same stories run on Debian's own stack: they describe the field, not our program.
"""
import argparse
import os
import re
import signal
import sys
import time
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
import website  # noqa: E402
from lab import Lab, wait_until  # noqa: E402
from results import Results, Skip  # noqa: E402
from world import DAEMONS, active, configure, dummies, expect_active, run_in_one_lab, same_cib_everywhere, set_option, whole  # noqa: E402

# --- stories: one cluster of three ---

def first_start(lab):
    """A fresh cluster elects a controller, has quorum, knows its nodes and has bootstrap options."""
    dc = lab.dc()
    assert dc is not None, "no DC"
    for n in lab.nodes:
        st = n.status()
        assert st.find("./summary/current_dc").get("with_quorum") == "true"
        assert [e.get("name") for e in st.findall("./nodes/node")] == ["node1", "node2", "node3"]
        assert st.find("./summary/current_dc").get("name") == dc.name, "%s sees another DC" % n.name
        expected = {"pacemakerd": "root", "pacemaker-based": "hacluster", "pacemaker-attrd": "hacluster",
                    "pacemaker-schedulerd": "hacluster", "pacemaker-controld": "hacluster", "pacemaker-execd": "root",
                    "pacemaker-fenced": "root"}
        ps = n.output("ps", "-eo", "user:20,args")
        for daemon, user in expected.items():
            assert re.search(r"^%s\s+\S*%s\s*$" % (user, daemon), ps, re.M), "%s: no %s of %s in\n%s" % (n.name, daemon, user, ps)
    names = {e.get("name") for e in lab.nodes[0].cib().iter("nvpair")}
    assert {"dc-version", "cluster-infrastructure", "have-watchdog", "cluster-name"} <= names, names
    same_cib_everywhere(lab)


def the_site_survives_the_loss_of_its_node(lab):
    website.configure(lab)
    lab.wait_idle()
    home = website.fetch(lab)
    lab[home].power_off()
    took = wait_until("another node serves the site", lambda: website.fetch(lab) not in (None, home), 30, 0.05)
    print("    (answered again %.1f s after the power was cut)" % took)
    assert active(lab, "site-ip") == active(lab, "site-web") != [home]
    st = lab.running()[0].status()
    gone = [e for e in st.findall("./nodes/node") if e.get("name") == home][0]
    assert gone.get("online") == "false"


def the_site_survives_a_crash_of_its_server(lab):
    website.configure(lab)
    lab.wait_idle()
    home = website.fetch(lab)
    assert lab[home].kill("nginx"), "no nginx runs on %s" % home
    wait_until("the site went away", lambda: website.fetch(lab) is None, 10, 0.02)
    wait_until("the site is back", lambda: website.fetch(lab), 30, 0.05)
    wait_until("the failure is on record", lambda: any(
        f.get("op_key", "").startswith("site-web_monitor") for f in lab[home].status().iter("failure")), 10)
    lab.nodes[0].run(["crm_resource", "--cleanup", "--resource", "site-web"])
    wait_until("cleanup forgets it", lambda: not list(lab[home].status().iter("failure")), 20)


def the_site_survives_the_loss_of_the_dc(lab):
    website.configure(lab)
    lab.wait_idle()
    dc = lab.dc()
    home = website.fetch(lab)
    dc.power_off()
    wait_until("there is a new DC", lambda: lab.dc() not in (None, dc), 30)
    wait_until("the site answers", lambda: website.fetch(lab), 30, 0.05)
    if home != dc.name:
        assert website.fetch(lab) == home, "the site moved without need"


def standby_moves_the_site_away_and_lets_it_return(lab):
    website.configure(lab)
    lab.wait_idle()
    home = website.fetch(lab)
    lab[home].run(["crm_attribute", "--node", home, "--name", "standby", "--update", "on"])
    wait_until("the site has left", lambda: website.fetch(lab) not in (None, home), 30, 0.05)
    lab.wait_idle()
    assert active(lab, "site-web") != [home]
    node = [e for e in lab[home].status().findall("./nodes/node") if e.get("name") == home][0]
    assert node.get("standby") == "true"
    lab[home].run(["crm_attribute", "--node", home, "--name", "standby", "--delete"])
    lab.wait_idle()
    expect_active(lab, "site-web")


def maintenance_lets_the_stack_restart_under_a_running_site(lab):
    website.configure(lab)
    lab.wait_idle()
    home = website.fetch(lab)
    set_option(lab, "maintenance-mode", "true")
    lab.wait_idle()
    with website.Watcher(lab) as watch:
        for n in lab.nodes:
            n.stop_stack()
        assert not lab.running()
        for n in lab.nodes:
            n.start_stack()
        lab.wait_online()
        wait_until("the cluster sees the site run", lambda: active(lab, "site-web") == [home], 30)
    assert all(node == home for _, node in watch.samples), "the site was away during maintenance"
    set_option(lab, "maintenance-mode", "false")
    lab.wait_idle()
    assert website.fetch(lab) == home


def lost_quorum_stops_resources_and_its_return_starts_them(lab):
    configure(lab, dummies(3))
    lab.wait_idle()
    survivor = lab.nodes[0]
    for n in lab.nodes[1:]:
        n.power_off()
    wait_until("everything is stopped without quorum",
               lambda: survivor.status() is not None
               and survivor.status().find("./summary/current_dc").get("with_quorum") == "false"
               and not any(active(lab, "d%d" % i, survivor) for i in range(3)), 30)
    lab.nodes[1].start()
    wait_until("everything runs again with quorum",
               lambda: all(len(active(lab, "d%d" % i, survivor) or []) == 1 for i in range(3)), 60)


def every_daemon_may_be_killed_twenty_times(lab):
    configure(lab, dummies(2))
    lab.wait_idle()
    victim = lab.nodes[1]
    for daemon in DAEMONS:
        for _ in range(20):
            # What was seen as the new one may have been a helper process that the old one left; that ends by itself.
            wait_until("%s runs" % daemon, lambda: victim.pids(daemon), 20, 0.02)
            old = victim.kill(daemon)
            wait_until("%s is respawned" % daemon, lambda: victim.pids(daemon) and victim.pids(daemon) != old, 20, 0.02)
        lab.wait_online(timeout=60)
        lab.wait_idle(90)
    for i in range(2):
        expect_active(lab, "d%d" % i)
    assert victim.pids("pacemakerd")
    same_cib_everywhere(lab)


def a_restart_of_the_whole_cluster_keeps_the_configuration(lab):
    configure(lab, dummies(2, "kept"))
    configure(lab, '<rsc_defaults><meta_attributes id="rd"><nvpair id="rd-s" name="resource-stickiness" value="100"/>'
                   "</meta_attributes></rsc_defaults>")
    lab.wait_idle()
    before = ET.tostring(lab.nodes[0].cib().find("configuration/resources"))
    for n in lab.nodes:
        n.power_off()  # the hard way: what was acknowledged must survive a power loss
    lab.start()
    after = lab.nodes[0].cib()
    assert ET.tostring(after.find("configuration/resources")) == before
    assert after.find(".//rsc_defaults//nvpair[@name='resource-stickiness']").get("value") == "100"
    lab.wait_idle()
    expect_active(lab, "kept0")
    expect_active(lab, "kept1")


def a_node_that_comes_back_takes_the_newer_configuration(lab):
    late = lab.nodes[2]
    late.stop()
    configure(lab, dummies(1, "newer"))
    lab.wait_idle()
    late.start(wait=True)
    same_cib_everywhere(lab)
    assert late.cib().find(".//primitive[@id='newer0']") is not None


def a_hundred_resources_start_on_three_nodes(lab):
    begin = time.monotonic()
    configure(lab, dummies(100))
    lab.wait_idle(120)
    print("    (100 resources after %.1f s)" % (time.monotonic() - begin))
    st = lab.nodes[0].status()
    homes = [n.get("name") for r in st.iter("resource") if r.get("role") == "Started" for n in r.findall("node")]
    assert len(homes) == 100, "%d of 100 run" % len(homes)
    assert {homes.count(n.name) for n in lab.nodes} <= {33, 34}, "not spread evenly: %s" % homes


def a_cut_link_between_two_nodes_is_healed(lab):
    a, b = lab.nodes[0], lab.nodes[2]
    configure(lab, dummies(1))
    lab.wait_idle()
    b.unplug()
    wait_until("node3 is offline for node1", lambda: any(
        e.get("name") == "node3" and e.get("online") == "false" for e in (a.status() or ET.Element("x")).findall("./nodes/node")), 30)
    b.plug()
    lab.wait_online(timeout=60)
    same_cib_everywhere(lab)
    expect_active(lab, "d0")


def a_stopped_daemon_is_replaced(lab):
    """A daemon that hangs (here: is stopped) is found by its missing answers, killed and respawned."""
    victim = lab.nodes[2]
    old = victim.kill("pacemaker-attrd", signal.SIGSTOP)
    # One probe a child every six seconds, five failures: spec 10 §6.3.
    wait_until("the hanging daemon is replaced", lambda: victim.pids("pacemaker-attrd") not in ([], old), 90, 0.5)
    lab.wait_online(timeout=60)


def the_attribute_reaches_every_node(lab):
    one, three = lab.nodes[0], lab.nodes[2]
    one.run(["attrd_updater", "--name", "colour", "--update", "green"])
    wait_until("node3 knows node1's attribute", lambda: 'value="green"' in three.run(
        ["attrd_updater", "--name", "colour", "--query", "--node", "node1"], check=False).stdout, 10)
    wait_until("it is in the CIB", lambda: any(
        e.get("name") == "colour" and e.get("value") == "green" for e in three.cib().find("status").iter("nvpair")), 10)
    one.power_off()
    wait_until("it is forgotten with its node", lambda: not any(
        e.get("name") == "colour" for e in three.cib().find("status").iter("nvpair")), 30)


def a_full_disk_loses_nothing_and_stops_nobody(lab):
    """The node whose disk is full keeps running with the others' configuration and stores it once there is room."""
    poor = lab.nodes[2]
    poor.stop()
    poor.small_disk()
    poor.start(wait=True)
    poor.fill_disk()
    for i in range(3):
        configure(lab, dummies(1, "full%d-" % i))
    lab.wait_idle()
    assert poor.pids("pacemaker-based"), "the CIB daemon ended"
    same_cib_everywhere(lab)
    expect_active(lab, "full2-0")
    poor.empty_disk()
    configure(lab, dummies(1, "room"))
    wait_until("the newest configuration is on the disk", lambda: b"room0" in b"".join(
        open(f, "rb").read() for f in stored_files(poor)), 20, 0.2)


def stored_files(node):
    folder = "/proc/%d/root/var/lib/pacemaker/cib" % node.pid
    return [os.path.join(folder, f) for f in os.listdir(folder) if f != "ballast"]


def a_link_cut_in_one_direction_is_noticed_and_healed(lab):
    a, c = lab.nodes[0], lab.nodes[2]
    configure(lab, dummies(1))
    lab.wait_idle()
    a.cut_to(c)
    time.sleep(4)
    assert any(n.status() is not None for n in lab.nodes)
    a.mend_to(c)
    lab.wait_online(timeout=60)
    same_cib_everywhere(lab)
    expect_active(lab, "d0")


SHARED = [first_start, the_attribute_reaches_every_node, the_site_survives_the_loss_of_its_node,
          the_site_survives_a_crash_of_its_server, the_site_survives_the_loss_of_the_dc,
          standby_moves_the_site_away_and_lets_it_return, maintenance_lets_the_stack_restart_under_a_running_site,
          lost_quorum_stops_resources_and_its_return_starts_them, a_restart_of_the_whole_cluster_keeps_the_configuration,
          a_node_that_comes_back_takes_the_newer_configuration, a_hundred_resources_start_on_three_nodes,
          a_cut_link_between_two_nodes_is_healed, a_link_cut_in_one_direction_is_noticed_and_healed,
          a_full_disk_loses_nothing_and_stops_nobody, every_daemon_may_be_killed_twenty_times, a_stopped_daemon_is_replaced]


def run_shared(results, chosen, make_lab):
    run_in_one_lab(results, chosen, make_lab, lambda lab, story: None if story is first_start else whole(lab))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--stage")
    ap.add_argument("--debian", action="store_true")
    ap.add_argument("--name", default="story", help="name of the lab, to run several side by side")
    ap.add_argument("--only", nargs="*", help="stories whose name has one of these words")
    ap.add_argument("--list", action="store_true")
    ap.add_argument("--debian-daemon", action="append", default=[], help="this daemon is Debian's, to find whose fault it is")
    o = ap.parse_args()
    import alerts
    import appliance
    import clones
    import fencing
    import foreign
    import live_tools
    import neighbours
    import remote
    import shell_front_ends
    groups = [(SHARED, run_shared), (foreign.STORIES, foreign.run), (shell_front_ends.STORIES, shell_front_ends.run),
              (live_tools.STORIES, live_tools.run), (alerts.STORIES, alerts.run),
              (neighbours.STORIES, neighbours.run)] + fencing.GROUPS + remote.GROUPS
    if os.environ.get("QUORATE_LONG") or o.only or o.list:
        groups += [(clones.STORIES, clones.run), (appliance.STORIES, appliance.run), (remote.LONG, remote.run_one_cluster)]
    results = Results()

    def make_lab(**more):
        return Lab(o.name[:7] + more.pop("suffix", o.name[7:]), nodes=more.pop("nodes", 3), stage=None if o.debian else o.stage,
                   debian_daemons=o.debian_daemon, **more)
    for stories, runner in groups:
        chosen = [s for s in stories if not o.only or any(w in s.__name__ for w in o.only)]
        if o.list:
            print("\n".join(s.__name__ for s in chosen))
        else:
            runner(results, chosen, make_lab)
    return 0 if o.list else results.finish()


if __name__ == "__main__":
    sys.exit(main())
