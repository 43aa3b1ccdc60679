# SPDX-License-Identifier: GPL-2.0-or-later
"""What administrators do with SBD beside watching it work: fence by hand, change between disk and diskless, choose times, add other guards.

Told by sbd.py --long.
"""
import os
import signal

from lab import wait_until
from results import Skip
from sbd_lab import IO, LOOP, MSGWAIT, W, cut_off_home_of, fencing_on, last_fencing, sbd_process, titles, wait_dead
from world import active, configure, dummies, expect_active, set_option


# --- one disk ---

def fence_through_attribute(s, victim):
    """As `crm node fence` does it."""
    fencing_on(s)
    one = s.lab.nodes[0]
    if os.path.exists("/usr/sbin/crm"):
        one.run(["crm", "-F", "node", "fence", victim.name], timeout=120)
    else:
        one.run(["crm_attribute", "-t", "status", "-N", victim.name, "-n", "terminate", "-v", "true"])
    took = wait_dead(s.lab, victim, 30)
    assert not s.dogs[victim.name].fired, "it was the watchdog"
    assert s.list(one)[victim.name][0] == "reset", s.list(one)
    print("    (dead after %.1f s)" % took)


def fencing_is_over(s, victim):
    return " successful" in last_fencing(s.lab.nodes[0], victim.name) or "OK" in last_fencing(s.lab.nodes[0], victim.name)


def a_node_is_fenced_through_its_attribute(s):
    victim = s.lab.nodes[2]
    fence_through_attribute(s, victim)
    wait_until("its fencing is known", lambda: fencing_is_over(s, victim), 30)


def with_a_delayed_start_a_host_that_returns_at_once_is_not_told_that_it_is_dead(s):
    """Without SBD_DELAY_START its cluster software would end: by then the others have just learned of its fencing."""
    victim = s.lab.nodes[2]
    fence_through_attribute(s, victim)
    s.dogs[victim.name].power_is_off()
    victim.boot()
    victim.start_corosync()
    assert s.begin_sbd(victim, SBD_DELAY_START=str(2 * MSGWAIT)).wait(60) == 0, victim.log("syslog")[-1500:]
    assert fencing_is_over(s, victim), "it came back before its fencing was over"
    victim.start_stack()
    s.lab.wait_online(timeout=60)
    assert "We were allegedly just fenced" not in victim.log()


def write_mode(s, with_disk):
    env = dict(s.env) if with_disk else {name: value for name, value in s.env.items() if name != "SBD_DEVICE"}
    for n in s.lab.nodes:
        for name in ("sbd", "pacemaker"):
            n.write_file("default/" + name, "".join('%s="%s"\n' % i for i in sorted(env.items())))


def stop_everywhere(s):
    for n in s.lab.nodes:
        n.stop_stack(timeout=60)
    for n in s.lab.nodes:
        pid, = sbd_process(n)
        os.kill(pid, signal.SIGTERM)
    wait_until("sbd has ended everywhere", lambda: not any(titles(n) for n in s.lab.nodes), 20)
    for n in s.lab.nodes:
        n.kill("corosync", signal.SIGTERM)
    wait_until("Corosync has ended everywhere", lambda: not any(n.pids("corosync") for n in s.lab.nodes), 20)


def start_everywhere(s):
    for n in s.lab.nodes:
        n.spawn(["corosync", "-f"], "corosync.out")
    wait_until("Corosync has formed", s.lab.corosync_complete, 30, 0.1)
    for n in s.lab.nodes:
        assert s.start_sbd(n) == 0, n.log("syslog")[-1500:]
    for n in s.lab.nodes:
        n.start_stack()
    s.lab.wait_online(timeout=90)
    s.lab.wait_idle(60)


def untouched(s):
    """What the services' files look like that their starts and stops would change."""
    return {n.name: n.run(["sh", "-c", "stat -c '%n %i %Y' /run/Dummy-*.state"], check=False).stdout for n in s.lab.nodes}


def disk_watchers(s):
    return {len([t for t in titles(n).values() if t.startswith("sbd: watcher: /dev/")]) for n in s.lab.nodes}


def the_mode_changes_under_maintenance_and_services_go_on(s):
    """Disk to diskless and back, the whole stack stopped on all nodes in between."""
    configure(s.lab, dummies(3))
    fencing_on(s)
    before = untouched(s)
    assert "Dummy-d0" in "".join(before.values()), before
    one = s.lab.nodes[0]
    for with_disk in (False, True):
        set_option(s.lab, "maintenance-mode", "true")
        s.lab.wait_idle(60)
        stop_everywhere(s)
        if with_disk:
            s.format_disks(one)
        write_mode(s, with_disk)
        start_everywhere(s)
        assert disk_watchers(s) == {1 if with_disk else 0}, [titles(n) for n in s.lab.nodes]
        if with_disk:
            set_option(s.lab, "stonith-watchdog-timeout", "0")
            fencing_on(s)
            assert {word for word, _ in s.list(one).values()} == {"clear"} and len(s.list(one)) == 3, s.list(one)
        else:
            one.run(["cibadmin", "--delete", "--xml-text", "<primitive id='fencing'/>"])
            set_option(s.lab, "stonith-watchdog-timeout", "%ds" % (3 * W))
        set_option(s.lab, "maintenance-mode", "false")
        s.lab.wait_idle(60)
        p = one.run(["sh", "-c", "set -a; . /etc/default/sbd; sbd -I %d check" % IO], check=False)
        assert "0 error(s)" in p.stdout, p.stdout
        assert untouched(s) == before, "services were stopped or started: %s, before %s" % (untouched(s), before)
    for i in range(3):
        expect_active(s.lab, "d%d" % i)


def sfex_guards_what_follows_it(s):
    """A lock on a disk of its own, beside sbd: its owner is where the group runs, also after the loss of that node."""
    if not os.path.exists("/usr/sbin/sfex_init"):
        raise Skip("sfex is not installed (package resource-agents)")
    if not os.path.exists("/proc/sysrq-trigger"):
        raise Skip("sfex_daemon wants /proc/sysrq-trigger, which this kernel does not have")
    device = s.spare[0].device
    fencing_on(s)
    one = s.lab.nodes[0]
    one.run(["sfex_init", "-n", "1", device])
    assert one.run(["sfex_stat", "-i", "1", device], check=False).returncode == 2, "locked from the beginning"
    configure(s.lab, "<resources><group id='g'><primitive id='lock' class='ocf' provider='heartbeat' type='sfex'><instance_attributes id='lock-i'>"
              "<nvpair id='lock-d' name='device' value='%s'/><nvpair id='lock-n' name='index' value='1'/>"
              "<nvpair id='lock-c' name='collision_timeout' value='1'/><nvpair id='lock-t' name='lock_timeout' value='10'/>"
              "<nvpair id='lock-m' name='monitor_interval' value='2'/></instance_attributes>"
              "<operations><op id='lock-mon' name='monitor' interval='5s' timeout='30s' on-fail='fence'/>"
              "<op id='lock-start' name='start' interval='0' timeout='60s'/></operations></primitive>"
              "<primitive id='behind' class='ocf' provider='pacemaker' type='Dummy'/></group></resources>" % device)
    home, = expect_active(s.lab, "behind", timeout=60)

    def owner():
        text = s.lab.running()[0].run(["sfex_stat", "-i", "1", device], check=False)
        return (text.returncode, [n.name for n in s.lab.nodes if n.name in text.stdout])
    assert owner() == (0, [home]), owner()
    s.lab[home].run(["crm_resource", "--ban", "--resource", "g", "--node", home])
    wait_until("the group has moved", lambda: (active(s.lab, "behind") or [home]) != [home], 60)
    home, = expect_active(s.lab, "behind", timeout=60)
    assert owner() == (0, [home]), owner()
    s.lab[home].power_off()
    s.dogs[home].power_is_off()
    wait_until("the group runs elsewhere", lambda: (active(s.lab, "behind") or [home]) != [home], 90)
    new, = expect_active(s.lab, "behind", timeout=60)
    assert owner() == (0, [new]), owner()


# --- no disk ---

def the_automatic_watchdog_timeout_is_twice_sbds(s):
    set_option(s.lab, "stonith-enabled", "true")
    set_option(s.lab, "stonith-watchdog-timeout", "-1")
    configure(s.lab, dummies(3))
    s.lab.wait_idle()
    victim, died, recovered = cut_off_home_of(s, "d1")
    assert recovered > died and recovered >= 2 * W, (died, recovered)
    log = "".join(n.log() for n in s.lab.running())
    assert "Waiting %ds for %s to self-fence" % (2 * W, victim.name) in log, log[-1500:]


def a_watchdog_timeout_that_is_too_short_stops_the_cluster_software(s):
    """No node may believe another dead before its watchdog has bitten.  (A host whose software has ended so is reset by its sbd.)"""
    configure(s.lab, dummies(1))
    seen = {n.name: len(n.log()) for n in s.lab.nodes}
    set_option(s.lab, "stonith-enabled", "true")
    set_option(s.lab, "stonith-watchdog-timeout", "%ds" % (W - 1))
    wait_until("the software has stopped on all nodes", lambda: not s.lab.running(), 60)
    wait_until("no host is left", lambda: not any(n.pid for n in s.lab.nodes), W + IO + LOOP + 10)
    for n in s.lab.nodes:
        told = n.log()[seen[n.name]:]
        assert "stonith-watchdog-timeout (%ds) too short (must be >%ds)" % (W - 1, W) in told, told[-1500:]
        assert "assumed complete" not in told, told[-1500:]


# (title, stories, options of the lab)
GROUPS = [("procedures, one disk", [a_node_is_fenced_through_its_attribute,
                                    with_a_delayed_start_a_host_that_returns_at_once_is_not_told_that_it_is_dead, sfex_guards_what_follows_it,
                                    the_mode_changes_under_maintenance_and_services_go_on], {"disks": 1, "spare": 1}),
          ("procedures, no disk", [the_automatic_watchdog_timeout_is_twice_sbds,
                                   a_watchdog_timeout_that_is_too_short_stops_the_cluster_software], {"disks": 0})]
