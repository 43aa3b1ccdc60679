#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The executor alone, driven over its endpoint by a raw client, with agents made for the purpose (spec 50 section 18).

    test-execd.py [DAEMON]     default: $builddir/daemons/execd/pacemaker-execd; any executor will do, to compare

Needs root: it runs in namespaces of its own (see `sandbox`), with its own folder of agents.
"""
import os
import pwd
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import sandboxed  # noqa: E402
DAEMON = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else
                         os.path.join(os.environ.get("builddir", "."), "daemons/execd/pacemaker-execd"))
AGENT_DIR = "/usr/lib/ocf/resource.d"

AGENTS = {
    "ok": "exit 0",
    "code": "exit $OCF_RESKEY_code",
    "reasons": "echo out; echo ocf-exit-reason:one >&2; echo x ocf-exit-reason:two >&2; exit 1",
    "long": "printf 'ocf-exit-reason:%0300d\\n' 1 >&2; exit 1",
    "suicide": "kill -TERM $$; sleep 5",
    "slow": "sleep ${OCF_RESKEY_time:-30} & echo $! > /run/slow.pid; wait",
    "show": "echo \"$OCF_RESKEY_secret\"; exit 0",
    "environment": "env; pwd; umask",
    "log": "echo $OCF_RESOURCE_INSTANCE.$1 begin >> /run/log; sleep ${OCF_RESKEY_time:-0.2}; "
           "echo $OCF_RESOURCE_INSTANCE.$1 end >> /run/log",
    "state": "[ $1 = start ] && { touch /run/state; exit 0; }; [ -e /run/state ] || exit 7",
}


def write(path, text, mode=0o755):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, mode)


class Executor:
    """A running executor and one named client."""

    def __init__(self):
        import qbipc
        self.qbipc = qbipc
        environment = dict(os.environ, LC_ALL="C", PCMK_logfile="/run/execd.log", PCMK_logfacility="none", PCMK_debug="0")
        self.process = subprocess.Popen([DAEMON], env=environment)
        self.client = self.connect("tester")

    def connect(self, name=None):
        client = self.qbipc.Client("lrmd")
        if name:
            reply = client.request(ET.Element("lrmd_command", t="lrmd", lrmd_op="register", lrmd_clientname=name,
                                              lrmd_protocol_version="1.1"))
            assert reply.get("lrmd_rc") == "0", reply.attrib
        return client

    def ask(self, op, client=None, options=0, params=None, element="lrmd_rsc", **attributes):
        """Send an operation; the return code."""
        command = ET.Element("lrmd_command", t="lrmd", lrmd_op=op, lrmd_callopt=str(options))
        data = ET.SubElement(ET.SubElement(command, "lrmd_calldata"), element, attributes)
        ET.SubElement(data, "attributes", params or {})
        self.last = (client or self.client).request(command)
        return int(self.last.get("lrmd_rc"))

    def register(self, rsc, agent, standard="ocf", provider="test", options=0, client=None):
        attributes = {"lrmd_rsc_id": rsc, "lrmd_class": standard, "lrmd_type": agent}
        if standard == "ocf":
            attributes["lrmd_provider"] = provider
        assert self.ask("lrmd_rsc_register", client=client, options=options, **attributes) == 0

    def run(self, rsc, action, interval=0, timeout=20000, delay=0, options=0, client=None, key="k", **params):
        """Ask for an operation; its call id."""
        return self.ask("lrmd_rsc_exec", client=client, options=options, params=params, lrmd_rsc_id=rsc,
                        lrmd_rsc_action=action, lrmd_rsc_interval=str(interval), lrmd_timeout=str(timeout),
                        lrmd_rsc_start_delay=str(delay), lrmd_rsc_userdata_str=key)

    def cancel(self, rsc, action, interval):
        return self.ask("lrmd_rsc_cancel", lrmd_rsc_id=rsc, lrmd_rsc_action=action, lrmd_rsc_interval=str(interval))

    def result(self, call=None, timeout=10, client=None):
        """The next result event, of that call if one is given."""
        end = time.monotonic() + timeout
        while True:
            event = (client or self.client).event(max(0.01, end - time.monotonic()))
            if event.get("lrmd_op") == "lrmd_rsc_exec" and call in (None, int(event.get("lrmd_callid"))):
                return event

    def silent(self, seconds, client=None):
        """No result event comes for so long."""
        try:
            event = self.result(timeout=seconds, client=client)
        except self.qbipc.Timeout:
            return
        raise AssertionError("unexpected: %s" % event.attrib)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


def expect(event, rc, status, **others):
    got = (int(event.get("lrmd_exec_rc")), int(event.get("lrmd_exec_op_status")))
    assert got == (rc, status), "rc %d, status %d instead of rc %d, status %d" % (got + (rc, status))
    for name, value in others.items():
        assert event.get("lrmd_" + name) == value, "%s is %r, not %r" % (name, event.get("lrmd_" + name), value)


# --- the tests: each gets a fresh executor ---

def a_result_has_the_request_in_it(x):
    x.register("a", "ok")
    call = x.run("a", "start", key="1:2:3", fake="a<b")
    event = x.result(call)
    expect(event, 0, 0, rsc_userdata_str="1:2:3", rcchange_time="0", rsc_action="start", timeout="20000")
    assert event.find("attributes").get("fake") == "a<b"


def a_request_that_does_not_wait_is_not_answered(x):
    command = ET.Element("lrmd_command", t="lrmd", lrmd_op="lrmd_rsc_poke")
    x.client.send(command, flags=0)
    assert x.ask("lrmd_rsc_info", lrmd_rsc_id="a") == -19
    assert x.last.get("lrmd_callid") == "2"


def nonsense_does_no_harm(x):
    x.client.send_bytes(b"<unfinished")
    x.client.send_bytes(b"")
    x.client.send_bytes(b"<a/>", version=7)
    assert x.ask("bogus") == -95


def exit_statuses_are_mapped(x):
    for exit_status, rc in ((0, 0), (5, 5), (8, 8), (9, 9), (10, 1), (100, 1), (190, 190), (191, 191), (193, 1), (255, 1)):
        x.register("c%d" % exit_status, "code")
        expect(x.result(x.run("c%d" % exit_status, "monitor", code=str(exit_status))), rc, 0)


def reason_and_output_are_taken_from_stderr(x):
    x.register("a", "reasons")
    expect(x.result(x.run("a", "start")), 1, 0, rsc_exit_reason="two",
           rsc_output="ocf-exit-reason:one\\nx ocf-exit-reason:two\\n")
    x.register("b", "long")
    assert len(x.result(x.run("b", "start")).get("lrmd_rsc_exit_reason")) == 128


def a_slow_agent_is_killed_with_its_children(x):
    x.register("a", "slow")
    begin = time.monotonic()
    event = x.result(x.run("a", "start", timeout=1000))
    assert 0.9 < time.monotonic() - begin < 5
    expect(event, 1, 2, rsc_exit_reason="Resource agent did not complete within 1000ms")
    time.sleep(0.2)
    assert not alive("/run/slow.pid")


def children_survive_if_the_failure_blocks(x):
    x.register("a", "slow")
    expect(x.result(x.run("a", "start", timeout=500, CRM_meta_on_fail="block")), 1, 2)
    assert alive("/run/slow.pid")


def alive(pid_file):
    with open(pid_file, encoding="ascii") as text:
        pid = int(text.read())
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as stat:
            return stat.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


def an_agent_killed_by_another_is_an_error(x):
    x.register("a", "suicide")
    expect(x.result(x.run("a", "start")), 1, 4, rsc_exit_reason="Resource agent interrupted by Terminated signal")


def missing_agents_are_not_installed(x):
    x.register("a", "nope")
    expect(x.result(x.run("a", "start")), 5, 7, rsc_exit_reason="nope: No such file or directory", rcchange_time="0")
    write(AGENT_DIR + "/test/plain", "#!/bin/sh\n", 0o644)
    x.register("b", "plain")
    expect(x.result(x.run("b", "start")), 4, 0, rsc_exit_reason="Child process was unable to execute file")
    x.register("c", "gone", standard="lsb")
    expect(x.result(x.run("c", "start")), 5, 7, rsc_exit_reason="/etc/init.d/gone: No such file or directory")
    x.register("d", "foo", standard="zork")
    expect(x.result(x.run("d", "start")), 5, 7)


def lsb_scripts_are_asked_for_their_status(x):
    write("/run/lsb", "#!/bin/sh\n[ $1 = status ] && exit 3\nexit 0\n")
    x.register("a", "/run/lsb", standard="lsb")
    expect(x.result(x.run("a", "monitor")), 7, 0, rsc_action="monitor")
    expect(x.result(x.run("a", "start")), 0, 0)


def changes_only_and_duplicates(x):
    x.register("a", "state")
    x.result(x.run("a", "start"))
    first = x.run("a", "monitor", interval=300, options=4)
    expect(x.result(first), 0, 0)
    x.silent(1)
    os.unlink("/run/state")
    expect(x.result(first), 7, 0)
    x.silent(1)
    second = x.run("a", "monitor", interval=300, options=4, key="new")
    expect(x.result(second), 7, 0, rsc_userdata_str="new")
    assert x.cancel("a", "monitor", 300) == 0
    expect(x.result(second), 7, 1)
    x.silent(1)
    assert x.cancel("a", "monitor", 300) == -95


def stop_interrupts_a_monitor(x):
    x.register("a", "slow")
    monitor = x.run("a", "monitor", interval=1000, time="30")
    time.sleep(0.3)
    begin = time.monotonic()
    stop = x.run("a", "stop", time="0.1")
    expect(x.result(monitor), 0, 1)
    expect(x.result(stop), 0, 0)
    assert time.monotonic() - begin < 5


def what_runs_once_cannot_be_cancelled_but_what_waits_can(x):
    x.register("a", "slow")
    x.run("a", "start", time="1")
    assert x.cancel("a", "start", 0) == -95
    x.register("b", "ok")
    call = x.run("b", "start", delay=5000)
    assert x.cancel("b", "start", 0) == 0
    expect(x.result(call), 0, 1)


def runs_of_a_resource_never_overlap(x):
    x.register("a", "log")
    for interval in range(300, 305):
        x.run("a", "monitor", interval=interval)
    x.run("a", "start")
    time.sleep(3)
    with open("/run/log", encoding="ascii") as text:
        words = [line.split()[1] for line in text]
    assert len(words) > 10
    assert words[::2] == ["begin"] * len(words[::2]) and words[1::2] == ["end"] * len(words[1::2]), words


def different_resources_run_together(x):
    for i in range(20):
        x.register("r%d" % i, "log")
    begin = time.monotonic()
    for i in range(20):
        x.run("r%d" % i, "start", time="1")
    for i in range(20):
        expect(x.result(), 0, 0)
    assert time.monotonic() - begin < 8


def a_result_for_the_requester_is_for_nobody_else(x):
    other = x.connect("other")
    event = x.client.event(2)
    assert event.get("lrmd_op") == "lrmd_rsc_new_client"
    x.register("a", "ok")
    expect(x.result(x.run("a", "start", options=2, client=other), client=other), 0, 0)
    x.silent(0.5)
    x.result(x.run("a", "start", client=other))
    x.result(client=other)
    other.close()


def recurring_operations_end_with_their_client_if_asked_for(x):
    other = x.connect("other")
    x.register("a", "ok", options=3, client=other)
    x.register("b", "ok", client=other)
    dropped = x.run("a", "monitor", interval=60000, client=other)
    x.run("b", "monitor", interval=60000, client=other)
    expect(x.result(), 0, 0)
    expect(x.result(), 0, 0)
    other.close()
    expect(x.result(dropped), 0, 1)
    x.silent(0.5)
    assert x.ask("lrmd_get_recurring", lrmd_rsc_id="b") == 0
    assert x.last.find("lrmd_rsc/lrmd_rsc_op").get("lrmd_rsc_interval") == "60000"


def unregistering_what_runs(x):
    x.register("a", "slow")
    call = x.run("a", "start", time="0.5")
    assert x.ask("lrmd_rsc_unregister", lrmd_rsc_id="a") == -115
    expect(x.result(call), 0, 0, rsc_deleted="1")
    assert x.ask("lrmd_rsc_info", lrmd_rsc_id="a") == -19


def secrets_replace_marked_parameters(x):
    import hashlib
    x.register("a", "show")
    expect(x.result(x.run("a", "start", secret="lrm://")), 2, 0, rsc_exit_reason="Unable to load CIB secrets")
    expect(x.result(x.run("a", "stop", secret="lrm://")), 0, 0, rsc_output="lrm://\\n")
    write("/var/lib/pacemaker/lrm/secrets/a/secret", "hush  \nmore\n", 0o600)
    write("/var/lib/pacemaker/lrm/secrets/a/secret.sign", hashlib.md5(b"hush").hexdigest() + "\n", 0o600)
    expect(x.result(x.run("a", "start", secret="lrm://")), 0, 0, rsc_output="hush\\n")
    write("/var/lib/pacemaker/lrm/secrets/a/secret.sign", "0" * 32, 0o600)
    expect(x.result(x.run("a", "start", secret="lrm://")), 2, 0)


def the_environment_of_an_agent(x):
    x.register("a:1", "environment")
    output = x.result(x.run("a:1", "monitor", ip="1.2.3.4", OCF_CHECK_LEVEL="10")).get("lrmd_rsc_output").split("\\n")
    for line in ("OCF_ROOT=/usr/lib/ocf", "OCF_RESOURCE_INSTANCE=a:1", "OCF_RESOURCE_TYPE=environment",
                 "OCF_RESOURCE_PROVIDER=test", "OCF_RA_VERSION_MAJOR=1", "OCF_RA_VERSION_MINOR=1",
                 "OCF_EXIT_REASON_PREFIX=ocf-exit-reason:", "OCF_RESKEY_ip=1.2.3.4", "OCF_CHECK_LEVEL=10",
                 "HA_LOGFILE=/run/execd.log", "PCMK_service=pacemaker-execd", "/var/lib/pacemaker/cores", "0026"):
        assert line in output, line
    assert os.path.isdir("/run/resource-agents")


def alerts_run_as_the_daemon_user(x):
    os.makedirs("/run/alerts")
    os.chmod("/run/alerts", 0o1777)
    write("/run/alert", "#!/bin/sh\n{ id -un; id -G; echo $# $CRM_alert_kind $CRM_alert_node_sequence; } "
          "> /run/alerts/$CRM_alert_node_sequence\n")
    for _ in range(2):
        assert x.ask("lrmd_alert_exec", element="lrmd_alert", lrmd_alert_id="al", lrmd_alert_path="/run/alert",
                     lrmd_timeout="5000", params={"CRM_alert_kind": "node"}) == 0
    time.sleep(0.7)
    with open("/run/alerts/2", encoding="ascii") as text:
        lines = text.read().split("\n")
    assert lines[0] == "hacluster"
    assert lines[1] == str(pwd.getpwnam("hacluster").pw_gid)
    assert lines[2] == "0 node 2"
    assert x.ask("lrmd_alert_exec", element="lrmd_alert", lrmd_alert_id="al") == -22


def an_unprivileged_user_may_do_little(x):
    pid = os.fork()
    if pid == 0:
        user = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(pwd.getpwnam("hacluster").pw_gid)
        os.setuid(user.pw_uid)
        try:
            client = x.connect()
            assert x.ask("lrmd_rsc_info", client=client, lrmd_rsc_id="a") == -13
            assert x.ask("bogus", client=client) == -95
            assert x.ask("lrmd_rsc_poke", client=client) == 0
        except BaseException as error:  # the child must not go on with the parent's tests
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def ending_leaves_one_shots_and_kills_repeats(x):
    write(AGENT_DIR + "/test/two", "#!/bin/sh\necho $$ > /run/$1.pid\nsleep 20\n")
    x.register("a", "two")
    x.register("b", "two")
    x.run("a", "start")
    x.run("b", "monitor", interval=1000)
    time.sleep(0.5)
    assert x.end() == 0
    time.sleep(0.3)
    assert alive("/run/start.pid")
    assert not alive("/run/monitor.pid")


TESTS = [
    a_result_has_the_request_in_it, a_request_that_does_not_wait_is_not_answered, nonsense_does_no_harm,
    exit_statuses_are_mapped, reason_and_output_are_taken_from_stderr, a_slow_agent_is_killed_with_its_children,
    children_survive_if_the_failure_blocks, an_agent_killed_by_another_is_an_error, missing_agents_are_not_installed,
    lsb_scripts_are_asked_for_their_status, changes_only_and_duplicates, stop_interrupts_a_monitor,
    what_runs_once_cannot_be_cancelled_but_what_waits_can, runs_of_a_resource_never_overlap, different_resources_run_together,
    a_result_for_the_requester_is_for_nobody_else, recurring_operations_end_with_their_client_if_asked_for,
    unregistering_what_runs, secrets_replace_marked_parameters, the_environment_of_an_agent, alerts_run_as_the_daemon_user,
    an_unprivileged_user_may_do_little, ending_leaves_one_shots_and_kills_repeats,
]


def inside(test):
    """One test, in a sandbox of its own."""
    subprocess.run(["mount", "-t", "tmpfs", "agents", AGENT_DIR], check=True)
    for agent, script in AGENTS.items():
        write("%s/test/%s" % (AGENT_DIR, agent), "#!/bin/sh\n%s\n" % script)
    executor = Executor()
    try:
        test(executor)
        if executor.process.poll() is None:
            assert executor.end() == 0, "the executor did not end well"
    finally:
        if executor.process.poll() is None:
            executor.process.kill()


def main():
    if not os.path.isdir(AGENT_DIR):
        print("needs the folder %s to put agents over" % AGENT_DIR)
        sys.exit(77)
    sandboxed.main(TESTS, inside, [DAEMON])


if __name__ == "__main__":
    main()
