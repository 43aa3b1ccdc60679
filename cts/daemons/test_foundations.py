#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Local IPC, the launcher and the daemons' start and end, on one node with a real Corosync.

test_foundations.py --stage DIR    against the staged stack
test_foundations.py --debian       against the installed Debian stack (that is where the expectations come from)

The numbers in the names of the tests are those of the acceptance checks of specification 10, section 14.
"""
import argparse
import json
import os
import re
import shutil
import signal
import sys
import time
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "lab")]
from lab import Lab, wait_until  # noqa: E402
from results import Results, Skip  # noqa: E402

CHILDREN = ["pacemaker-based", "pacemaker-fenced", "pacemaker-execd", "pacemaker-attrd", "pacemaker-schedulerd",
            "pacemaker-controld"]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


class World:
    """The node under test and what the tests do with it."""

    def __init__(self, options):
        self.options = options
        self.lab = None
        self.node = None
        self.debian = options.debian

    def up(self, start=True, **environment):
        """A fresh node, started with that environment (or only switched on)."""
        self.down()
        self.lab = Lab(name="daemons", nodes=1, stage=self.options.stage, environment=environment,
                       debian_nodes=["node1"] if self.debian else [])
        self.node = self.lab.nodes[0]
        self.lab.create().boot()
        if start:
            self.lab.start()

    def down(self):
        if self.lab is not None:
            self.lab.down()
        self.lab = self.node = None

    def probe(self, endpoint, text, **options):
        argv = ["python3", os.path.join(HERE, "probe.py"), endpoint, text]
        for name, value in options.items():
            argv += ["--" + name, str(value)]
        p = self.node.run(argv, timeout=30)
        return json.loads(p.stdout.strip().splitlines()[-1])

    def log(self):
        return self.node.log()

    def state(self):
        """pacemakerd_state of the launcher."""
        r = self.probe("pacemakerd", ping())
        return ET.fromstring(r["events"][0]["text"]).find(".//ping_response").get("pacemakerd_state")

    def pid(self, name):
        pids = self.node.pids(name)
        return pids[0] if pids else 0

    def all_up(self):
        return all(self.pid(name) for name in CHILDREN)


def ping(sender="me"):
    return '<x crm_task="ping" subt="request" reference="r1" crm_sys_to="pacemakerd" crm_sys_from="%s"/>' % sender


def same(got, expected, what):
    assert got == expected, "%s: %r, expected %r" % (what, got, expected)


def acked(result, element, status):
    assert result["response"] is not None, "no response"
    root = ET.fromstring(result["response"]["text"])
    same((root.tag, root.get("status")), (element, str(status)), "response")
    same(result["response"]["id"], result["id"], "id of the response")
    return root


# --- a running node ---


def launcher_acknowledges_a_ping_and_answers_with_an_event_1(w):
    r = w.probe("pacemakerd", ping())
    acked(r, "ack", 112)
    event = ET.fromstring(r["events"][0]["text"])
    same([event.get(a) for a in ("subt", "reference", "crm_sys_to", "t", "crm_task")],
         ["response", "r1", "me", "crmd", "ping"], "reply")
    answer = event.find("crm_xml/ping_response")
    same(answer.get("pacemakerd_state"), "running", "state")
    assert abs(int(answer.get("crm-timestamp")) - time.time()) < 30, "crm-timestamp is not of now"


def a_request_that_wants_no_response_gets_the_event_only_2(w):
    r = w.probe("pacemakerd", ping(), flags=0)
    same(r["response"], None, "response")
    same(len(r["events"]), 1, "events")


def a_proxied_connection_gets_everything_as_events_3(w):
    r = w.probe("pacemakerd", ping(), flags=0x300, events=2)
    same(r["response"], None, "response")
    same(len(r["events"]), 2, "events")
    first = r["events"][0]
    same(ET.fromstring(first["text"]).tag, "ack", "first event")
    assert first["flags"] & 0x40000, "flags of the ack: %#x" % first["flags"]
    assert "ping_response" in r["events"][1]["text"]


def a_newer_header_version_is_not_answered_4(w):
    r = w.probe("pacemakerd", ping(), version=2)
    same((r["response"], r["events"]), (None, []), "answers")


def launcher_refuses_what_it_does_not_know_5(w):
    acked(w.probe("pacemakerd", ping().replace('"ping"', '"bogus"'), events=0), "ack", 2)
    acked(w.probe("pacemakerd", "not xml", events=0), "ack", 76)


def junk_is_refused_by_the_others_too_6(w):
    acked(w.probe("stonith-ng", "junk", events=0), "nack", 76)
    acked(w.probe("cib_ro", "junk", events=0), "nack", 76)
    acked(w.probe("crmd", "junk", events=0), "ack", 76)
    acked(w.probe("attrd", "junk", events=0), "ack", 76)
    acked(w.probe("pengine", "junk", events=0), "ack", 76)


def executor_ignores_junk_6(w):
    same(w.probe("lrmd", "junk", events=0, timeout=2)["response"], None, "response")


def attribute_manager_acknowledges_with_its_protocol_version_7(w):
    root = acked(w.probe("attrd", '<x task="refresh" t="attrd" src="p"/>', events=0), "ack", 112)
    same(root.get("ipc-protocol-version"), "4", "ipc-protocol-version")


def cib_manager_takes_known_subscriptions_only_8(w):
    text = '<x t="cib" cib_op="cib_notify" cib_notify_activate="1" cib_notify_type="%s"/>'
    acked(w.probe("cib_ro", text % "cib_diff_notify", events=0), "ack", 0)
    acked(w.probe("cib_ro", text % "bogus", events=0), "ack", 2)


def executor_registers_its_clients_9(w):
    r = w.probe("lrmd", '<lrmd_command lrmd_op="register" lrmd_clientname="probe" lrmd_protocol_version="1.1"/>',
                events=0)
    root = ET.fromstring(r["response"]["text"])
    same((root.tag, root.get("lrmd_rc")), ("lrmd_reply", "0"), "reply")
    assert re.fullmatch("[0-9a-f-]{36}", root.get("lrmd_clientid", "")), "no client id"


def strangers_may_not_connect_10(w):
    for argv in (["crm_node", "-l"], ["crmadmin", "-P"]):
        p = w.node.run(NOBODY + argv, check=False)
        same(p.returncode, 4, "exit of " + argv[0])
        assert "Permission denied" in p.stdout, p.stdout


def members_of_the_group_may_look_but_not_stop_11(w):
    gid = w.node.output("getent", "group", "haclient").split(":")[2]
    member = ["setpriv", "--reuid=65534", "--regid=" + gid, "--clear-groups"]
    p = w.node.run(member + ["crm_node", "-l"], check=False)
    same((p.returncode, "node1" in p.stdout), (0, True), "crm_node -l")
    same(w.node.run(member + ["pacemakerd", "-S"], check=False).returncode, 0, "exit of pacemakerd -S")
    time.sleep(1)
    same(w.state(), "running", "state")
    assert "Ignoring shutdown request from unprivileged client" in w.log()


def big_answers_are_compressed_12(w):
    """What fits into the client's buffer may come plainly (we do) or compressed (Debian does); more is compressed."""
    nvpairs = "".join('<nvpair id="big-%d" name="big-%d" value="%s"/>' % (i, i, "x" * 900) for i in range(660))
    path = os.path.join(w.node.dir, "lib", "big.xml")
    with open(path, "w") as f:
        f.write('<crm_config><cluster_property_set id="big">%s</cluster_property_set></crm_config>' % nvpairs)
    os.chmod(path, 0o644)
    w.node.run(["cibadmin", "-M", "-c", "-o", "crm_config", "-x", "/var/lib/pacemaker/big.xml"])
    r = w.probe("cib_ro", '<cib_command t="cib" cib_op="cib_query" cib_section="crm_config" cib_callid="1" '
                          'cib_callopt="0"/>', flags=0, size=524288)
    same(len(r["events"]), 1, "events")
    same(r["events"][0]["flags"], 0x30001, "flags")
    assert len(r["events"][0]["text"]) > 590000
    assert "big-659" in w.node.output("cibadmin", "-Q", "-o", "crm_config")
    w.node.run(["cibadmin", "-D", "-X", '<cluster_property_set id="big"/>'])


def default_buffer_is_128_kib_13(w):
    same(w.probe("pacemakerd", ping(), size=1)["size"], 131072, "size")


def each_daemon_with_peers_is_in_its_group_15(w):
    text = w.node.output("corosync-cpgtool")
    for group in ("cib", "crmd", "attrd", "stonith-ng"):
        assert re.search(r"^%s\\x00$" % group, text, re.M), "no group %s in:\n%s" % (group, text)


def crm_node_checks_its_arguments_20(w):
    p = w.node.run(["crm_node", "-N", "9"], check=False)
    same((p.returncode, "Node is not known to cluster" in p.stdout), (68, True), "crm_node -N 9")
    same(w.node.run(["crm_node", "-R", "x"], check=False).returncode, 64, "crm_node -R x")


def a_killed_daemon_is_back_within_a_second_21(w):
    for name in ("pacemaker-attrd", "pacemaker-execd", "pacemaker-schedulerd", "pacemaker-fenced"):
        old = w.pid(name)
        os.kill(old, signal.SIGKILL)
        wait_until("%s is back" % name, lambda: w.pid(name) not in (0, old), 1, 0.05)
        assert "Respawning %s subdaemon after unexpected exit" % name in w.log()
    w.lab.wait_online()


def a_second_instance_does_not_start_24(w):
    same(w.node.run(["pacemakerd"], check=False).returncode, 100, "exit of pacemakerd")
    # Debian's executor aborts there instead.
    for name in ["fenced", "attrd", "schedulerd", "based"] + ([] if w.debian else ["execd"]):
        p = w.node.run(["/usr/lib/pacemaker/pacemaker-" + name], check=False, timeout=20)
        same(p.returncode, 0, "exit of pacemaker-" + name)
    assert "Aborting start-up because active Pacemaker instance found" in w.log()
    assert "is already active, aborting startup" in w.log()


def corosync_does_not_stop_below_us_25(w):
    p = w.node.run(["corosync-cfgtool", "-H"], check=False)
    assert "Could not shutdown (error = 10)" in p.stdout, p.stdout
    assert w.pid("corosync")


def signals_record_and_dump_the_blackbox_27(w):
    for name in ("pacemaker-attrd", "pacemakerd", "pacemaker-fenced"):
        pid = w.pid(name)
        inside = [line.split()[-1] for line in open("/proc/%d/status" % pid) if line.startswith("NSpid")][0]
        os.kill(pid, signal.SIGUSR1)
        os.kill(pid, signal.SIGTRAP)
        dump = os.path.join(w.node.dir, "lib", "blackbox", "%s-%s.1" % (name, inside))
        wait_until("%s exists" % dump, lambda: os.path.exists(dump), 5)
        os.kill(pid, signal.SIGUSR2)


def a_crash_and_an_error_are_recorded_27(w):
    def prefix(name, pid):
        inside = [line.split()[-1] for line in open("/proc/%d/status" % pid) if line.startswith("NSpid")][0]
        return os.path.join(w.node.dir, "lib", "blackbox", "%s-%s" % (name, inside))
    launcher, victim = w.pid("pacemakerd"), w.pid("pacemaker-schedulerd")
    crash, before = prefix("pacemaker-schedulerd", victim), set(os.listdir(os.path.join(w.node.dir, "lib", "blackbox")))
    for pid in (launcher, victim):
        os.kill(pid, signal.SIGUSR1)
    wait_until("both record", lambda: all("Initiated blackbox recorder: /var/lib/pacemaker/blackbox/%s" % os.path.basename(p)
                                          in w.log() for p in (crash, prefix("pacemakerd", launcher))), 5)
    os.kill(victim, signal.SIGSEGV)
    wait_until("%s exists" % crash, lambda: os.path.exists(crash), 5)
    # The launcher reports the crash as an error, which is reason enough to keep what it has recorded.
    wait_until("the launcher wrote its record", lambda: any(
        f.startswith("pacemakerd-") for f in set(os.listdir(os.path.dirname(crash))) - before), 5)
    os.kill(launcher, signal.SIGUSR2)
    wait_until("the scheduler is back", lambda: w.pid("pacemaker-schedulerd") not in (0, victim), 5)


def error_texts_are_those_of_the_tables_29(w):
    for argv, text in ((["-X", "112", "102"], "Could not determine status\nNot connected"),
                       (["--", "-203"], "Update does not conform to the configured schema"),
                       (["-r", "--", "-1019"], "IPC server is unresponsive")):
        same(w.node.output("crm_error", *argv).strip(), text, "crm_error " + " ".join(argv))


def directories_have_their_owners_30(w):
    def mode(path):
        return w.node.output("stat", "-c", "%a %U:%G", path).strip()
    for sub in ("cib", "pengine", "cores", "blackbox"):
        same(mode("/var/lib/pacemaker/" + sub).split()[1], "hacluster:haclient", sub)
    same(mode("/run/crm"), "750 hacluster:haclient", "/run/crm")
    same(mode("/var/log/pacemaker/pacemaker.log"), "660 hacluster:haclient", "log")
    gid = w.node.output("getent", "group", "haclient").split(":")[2]
    assert "uidgid.gid.%s (u8) = 1" % gid in w.node.output("corosync-cmapctl"), "Corosync does not know the group"


def daemons_run_as_their_users(w):
    for name in CHILDREN:
        root = name in ("pacemaker-fenced", "pacemaker-execd")
        with open("/proc/%d/status" % w.pid(name)) as f:
            uid = re.search(r"^Uid:\s+(\d+)", f.read(), re.M).group(1)
        assert (uid == "0") == root, "%s runs as uid %s" % (name, uid)


def children_inherit_what_the_launcher_found_out(w):
    with open("/proc/%d/environ" % w.pid("pacemaker-execd"), "rb") as f:
        env = dict(item.split("=", 1) for item in f.read().decode().split("\0") if "=" in item)
    for name in ("mcp", "cluster_type", "quorum_type", "logfile", "logfacility", "debug"):
        assert env.get("PCMK_" + name) is not None and env["PCMK_" + name] == env.get("HA_" + name), name
    same([env.get(n) for n in ("LC_ALL", "PCMK_service", "PCMK_watchdog", "HA_LOGFACILITY", "PCMK_cluster_type")],
         ["C", "pacemakerd", "false", "daemon", "corosync"], "environment")


def a_frozen_daemon_is_killed_and_replaced(w):
    old = w.pid("pacemaker-schedulerd")
    os.kill(old, signal.SIGSTOP)
    wait_until("the scheduler is replaced", lambda: w.pid("pacemaker-schedulerd") not in (0, old), 60, 0.5)


def the_cluster_stops_in_reverse_order(w):
    same(w.node.run(["pacemakerd", "-S"], check=False).returncode, 0, "exit")
    wait_until("pacemakerd has ended", lambda: not w.pid("pacemakerd"), 30)
    stopped = re.findall(r"Stopping (pacemaker-\w+)", w.log())
    same(stopped[-len(CHILDREN):], CHILDREN[::-1], "order")
    assert "Shutdown complete" in w.log()
    same([n for n in CHILDREN if w.pid(n)], [], "left over")
    assert w.pid("corosync"), "Corosync was stopped too"


def without_an_instance_there_is_nothing_to_stop(w):
    p = w.node.run(["pacemakerd", "-S"], check=False)
    same((p.returncode, p.stdout.strip()),
         (102, "Could not request shutdown of existing Pacemaker instance: Connection refused"), "pacemakerd -S")


RUNNING = [
    launcher_acknowledges_a_ping_and_answers_with_an_event_1,
    a_request_that_wants_no_response_gets_the_event_only_2,
    a_proxied_connection_gets_everything_as_events_3,
    a_newer_header_version_is_not_answered_4,
    launcher_refuses_what_it_does_not_know_5,
    junk_is_refused_by_the_others_too_6,
    executor_ignores_junk_6,
    attribute_manager_acknowledges_with_its_protocol_version_7,
    cib_manager_takes_known_subscriptions_only_8,
    executor_registers_its_clients_9,
    strangers_may_not_connect_10,
    members_of_the_group_may_look_but_not_stop_11,
    big_answers_are_compressed_12,
    default_buffer_is_128_kib_13,
    each_daemon_with_peers_is_in_its_group_15,
    crm_node_checks_its_arguments_20,
    a_killed_daemon_is_back_within_a_second_21,
    a_second_instance_does_not_start_24,
    corosync_does_not_stop_below_us_25,
    signals_record_and_dump_the_blackbox_27,
    a_crash_and_an_error_are_recorded_27,
    error_texts_are_those_of_the_tables_29,
    directories_have_their_owners_30,
    daemons_run_as_their_users,
    children_inherit_what_the_launcher_found_out,
    a_frozen_daemon_is_killed_and_replaced,
    the_cluster_stops_in_reverse_order,
    without_an_instance_there_is_nothing_to_stop,
]


# --- nodes of their own ---


def a_bigger_buffer_is_negotiated_13(w):
    w.up(PCMK_ipc_buffer="300000")
    same(w.probe("pacemakerd", ping(), size=131072)["size"], 300000, "size")


def sockets_instead_of_shared_memory_14(w):
    w.up(PCMK_ipc_type="socket")
    assert "node1" in w.node.output("crm_node", "-l")
    w.node.output("cibadmin", "-Q")
    w.node.output("crmadmin", "-P")


def a_daemon_that_cannot_work_stops_the_cluster_for_good_22(w):
    w.up()
    node, log = w.node, w.log
    node.run(["sh", "-c", "chown root:root /var/lib/pacemaker/pengine; chmod 0700 /var/lib/pacemaker/pengine"])
    launcher = [p for p in w.lab.children if p.args[-1].endswith("pacemakerd")][0]
    os.kill(w.pid("pacemaker-schedulerd"), signal.SIGTERM)
    wait_until("pacemakerd has ended", lambda: launcher.poll() is not None, 60)
    same(launcher.returncode, 100, "exit of pacemakerd")
    wait_until("Corosync has stopped", lambda: not w.pid("corosync"), 10)
    same([n for n in CHILDREN if w.pid(n)], [], "left over")
    assert "Shutting down and staying down after fatal error" in log()


def the_cluster_survives_a_restart_of_corosync_23(w):
    w.up()
    kept = {name: w.pid(name) for name in ("pacemaker-execd", "pacemaker-schedulerd")}
    gone = {name: w.pid(name) for name in CHILDREN if name not in kept}
    w.node.kill("corosync")
    wait_until("the daemons that need Corosync have left", lambda: not any(w.pid(n) for n in gone), 10)
    time.sleep(2)
    same([n for n in gone if w.pid(n)], [], "started without Corosync")
    same({name: w.pid(name) for name in kept}, kept, "the others")
    for name, code in (("based", 102), ("attrd", 102), ("controld", 102)):
        assert re.search(r"pacemaker-%s\[\d+\] exited with status %d" % (name, code), w.log()), name
    w.node.start_corosync()
    wait_until("all daemons are back", w.all_up, 10)
    w.lab.wait_online()
    same({name: w.pid(name) for name in kept}, kept, "the others")


def sbd_triggers_the_start_and_acknowledges_the_end_26(w):
    w.up(start=False)
    w.node.write_file("default/pacemaker", "SBD_SYNC_RESOURCE_STARTUP=yes\n")
    shutil.copy("/bin/sleep", os.path.join(w.node.dir, "lib", "sbd"))
    sbd = w.node.spawn(["/var/lib/pacemaker/sbd", "600"], "sbd.out")
    w.node.start()
    wait_until("pacemakerd answers", lambda: w.pid("pacemakerd"), 5)
    same(w.state(), "wait_for_ping", "state")
    time.sleep(1)
    same([n for n in CHILDREN if w.pid(n)], [], "started too early")
    same("wait_for_ping" in w.probe("pacemakerd", ping("33_sbd:pcmk"))["events"][0]["text"], True, "answer to sbd")
    wait_until("the daemons run", w.all_up, 10)
    same(w.state(), "running", "state")
    w.lab.wait_online()
    w.node.run(["pacemakerd", "-S"])
    wait_until("the daemons have stopped", lambda: not any(w.pid(n) for n in CHILDREN), 30)
    time.sleep(1)
    same(w.state(), "shutdown_complete", "state")
    assert w.pid("pacemakerd"), "pacemakerd did not wait for sbd"
    w.probe("pacemakerd", ping("33_sbd:pcmk"))
    wait_until("pacemakerd has ended", lambda: not w.pid("pacemakerd"), 5)
    sbd.kill()


def a_node_can_join_in_standby_28(w):
    w.up(PCMK_node_start_state="standby")

    def standby():
        p = w.node.run(["crm_attribute", "-N", "node1", "-n", "standby", "-G", "-q"], check=False)
        return p.stdout.strip() == "on"
    wait_until("node1 is in standby", standby, 10)


def a_chosen_message_dumps_the_blackbox(w):
    source = os.path.join(HERE, "../../daemons/schedulerd/main.c")
    with open(source) as f:
        line = [n for n, text in enumerate(f, 1) if "accepting connections" in text][0]
    w.up(PCMK_trace_blackbox="nothing:1,main:%d" % line)
    folder = os.path.join(w.node.dir, "lib", "blackbox")
    wait_until("the scheduler has dumped", lambda: [n for n in os.listdir(folder) if n.startswith("pacemaker-schedulerd-")], 10)
    same({n.rsplit("-", 1)[0] for n in os.listdir(folder)}, {"pacemaker-schedulerd"}, "who has dumped (errors do too while it records)")


OWN = [
    a_bigger_buffer_is_negotiated_13,
    sockets_instead_of_shared_memory_14,
    a_chosen_message_dumps_the_blackbox,
    a_daemon_that_cannot_work_stops_the_cluster_for_good_22,
    the_cluster_survives_a_restart_of_corosync_23,
    sbd_triggers_the_start_and_acknowledges_the_end_26,
    a_node_can_join_in_standby_28,
]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--stage")
    p.add_argument("--debian", action="store_true")
    p.add_argument("--only", default="", help="tests whose name contains this")
    options = p.parse_args()
    if not options.stage and not options.debian:
        p.error("--stage or --debian")
    if options.debian and not os.path.exists("/usr/sbin/pacemakerd"):
        raise Skip("Debian's pacemaker is not installed")

    results = Results()
    world = World(options)

    def named(tests):
        return [t for t in tests if options.only in t.__name__]

    def judge(test):
        before = results.failed
        results.run(test.__name__.replace("_", " "), test, world)
        if results.failed > before and world.lab is not None:  # now: the next test may make a new node
            print("logs are in %s" % world.lab.save_logs())
    try:
        if named(RUNNING):
            world.up()
        for test in named(RUNNING) + named(OWN):
            judge(test)
    finally:
        world.down()
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
