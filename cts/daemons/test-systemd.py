#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Units as resources: the executor and crm_resource with a systemd that is made up (spec 50 section 7.3).

    test-systemd.py [DAEMON [CRM_RESOURCE]]     default: those of $builddir; Debian's will do, too, to compare

Needs root: it runs in namespaces of its own (see `sandbox`).
"""
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
loader = importlib.machinery.SourceFileLoader("test_execd", os.path.join(HERE, "test-execd.py"))
execd = importlib.util.module_from_spec(importlib.util.spec_from_loader("test_execd", loader))
loader.exec_module(execd)
import sandboxed  # noqa: E402
from fake_systemd import FakeSystemd, Unit  # noqa: E402

BUILD = os.environ.get("builddir", ".")
CRM_RESOURCE = os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else os.path.join(BUILD, "tools/crm_resource"))
DROP_IN = "/run/systemd/system/web.service.d/50-pacemaker.conf"
expect = execd.expect
BUS = "/run/bus"


def members(systemd):
    return [c[0] for c in systemd.calls]


def a_unit_is_started_monitored_and_stopped(x, systemd):
    systemd.units["web.service"] = Unit(start=(0.5, "active"), stop=(0.5, "inactive"))
    x.register("w", "web", standard="systemd")
    expect(x.result(x.run("w", "monitor")), 7, 0, rsc_exit_reason="inactive")
    begin = time.monotonic()
    expect(x.result(x.run("w", "start")), 0, 0, rsc_action="start")
    assert 0.4 < time.monotonic() - begin < 4
    expect(x.result(x.run("w", "monitor")), 0, 0)
    expect(x.result(x.run("w", "stop")), 0, 0, rsc_action="stop")
    expect(x.result(x.run("w", "monitor")), 7, 0)
    assert ("StartUnit", "web.service", "replace") in systemd.calls
    assert ("StopUnit", "web.service", "replace") in systemd.calls


def the_unit_is_told_to_end_after_the_cluster(x, systemd):
    systemd.units["web.service"] = Unit()
    x.register("w", "web", standard="systemd")
    expect(x.result(x.run("w", "start")), 0, 0)
    with open(DROP_IN) as f:
        assert f.read() == ("[Unit]\nDescription=Cluster Controlled web\n"
                            "Before=pacemaker.service pacemaker_remote.service\n\n[Service]\nRestart=no\n\n")
    calls = members(systemd)
    assert calls.index("LoadUnit") < calls.index("Reload") < calls.index("StartUnit"), calls
    expect(x.result(x.run("w", "stop")), 0, 0)
    assert not os.path.exists(DROP_IN)
    assert members(systemd).count("Reload") == 2


def a_unit_that_fails_to_start_says_so(x, systemd):
    systemd.units["web.service"] = Unit(start=(0.3, "failed"))
    x.register("w", "web", standard="systemd")
    expect(x.result(x.run("w", "start")), 1, 0, rsc_exit_reason="failed")


def a_missing_unit_is_not_installed_and_counts_as_stopped(x, systemd):
    x.register("w", "web", standard="systemd")
    expect(x.result(x.run("w", "monitor")), 7, 0, rsc_exit_reason="inactive")
    expect(x.result(x.run("w", "start")), 5, 7, rsc_exit_reason="systemd unit web not found")
    expect(x.result(x.run("w", "stop")), 0, 0)


def a_start_that_takes_too_long_times_out(x, systemd):
    systemd.units["web.service"] = Unit(start=(60, "active"))
    x.register("w", "web", standard="systemd")
    begin = time.monotonic()
    event = x.result(x.run("w", "start", timeout=1500))
    assert time.monotonic() - begin < 3
    expect(event, 1, 2, rsc_exit_reason="Investigate reason for timeout, and adjust configured operation timeout if necessary")


def a_monitor_of_a_unit_on_its_way_is_pending(x, systemd):
    systemd.units["web.service"] = Unit(state="activating")
    x.register("w", "web", standard="systemd")
    expect(x.result(x.run("w", "monitor")), 193, -1)


def recurring_monitors_notice_a_unit_that_died(x, systemd):
    systemd.units["web.service"] = Unit(state="active")
    x.register("w", "web", standard="systemd")
    expect(x.result(x.run("w", "monitor", interval=500)), 0, 0)
    systemd.units["web.service"].state = "failed"
    expect(x.result(), 7, 0, rsc_exit_reason="failed")
    assert x.cancel("w", "monitor", 500) == 0
    expect(x.result(), 7, 1)


def names_with_a_suffix_are_taken_as_they_are(x, systemd):
    for name in ("web.socket", "web.timer", "web.mount", "web.path"):
        systemd.units[name] = Unit()
        x.register(name, name, standard="systemd")
        expect(x.result(x.run(name, "start")), 0, 0)
        assert ("StartUnit", name, "replace") in systemd.calls
    systemd.units["tmpl@pacemaker.service"] = Unit()
    x.register("t", "tmpl@.service", standard="systemd")
    expect(x.result(x.run("t", "start")), 0, 0)


def what_systemd_refuses_is_an_error(x, systemd):
    systemd.units["web.service"] = Unit()
    x.register("w", "web", standard="systemd")
    systemd.refuse = {"StartUnit": "org.freedesktop.DBus.Error.AccessDenied"}
    expect(x.result(x.run("w", "start")), 1, 4, rsc_exit_reason="Unable to invoke systemd DBus method")
    systemd.refuse = {"LoadUnit": "org.freedesktop.systemd1.NoSuchUnit"}
    expect(x.result(x.run("w", "stop")), 1, 4, rsc_exit_reason="No DBus object found for systemd unit web")
    systemd.refuse = {}
    expect(x.result(x.run("w", "promote")), 3, 4, rsc_exit_reason="Action promote not implemented for systemd resources")


def a_systemd_that_does_not_answer_does_not_stop_the_executor(x, systemd):
    systemd.units["web.service"] = Unit()
    x.register("w", "web", standard="systemd")
    x.register("a", "ok")
    systemd.mute = {"LoadUnit"}
    call = x.run("w", "start", timeout=1000)
    expect(x.result(x.run("a", "start")), 0, 0)
    event = x.result(call, timeout=9)
    assert event.get("lrmd_exec_rc") == "1" and event.get("lrmd_exec_op_status") in ("2", "4"), event.attrib


def a_bus_that_was_restarted_is_found_again(x, systemd):
    systemd.units["web.service"] = Unit(state="active")
    x.register("w", "web", standard="systemd")
    expect(x.result(x.run("w", "monitor")), 0, 0)
    systemd.hang_up()
    time.sleep(0.5)
    expect(x.result(x.run("w", "monitor")), 0, 0)


def a_pending_call_can_be_cancelled(x, systemd):
    systemd.units["web.service"] = Unit(state="active")
    systemd.mute = {"Get"}
    x.register("w", "web", standard="systemd")
    x.run("w", "monitor", interval=1000)
    time.sleep(0.3)
    assert x.cancel("w", "monitor", 1000) == 0
    assert x.result().get("lrmd_exec_op_status") == "1"


def costs_no_time(x, seconds=1.5):
    def used():
        with open("/proc/%d/stat" % x.process.pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    time.sleep(0.5)
    begin = used()
    time.sleep(seconds)
    assert used() - begin < 0.2, "%.2f s of CPU in %.1f s" % (used() - begin, seconds)


def a_bus_without_calls_costs_no_time(x, systemd):
    systemd.units["web.service"] = Unit(state="active")
    x.register("w", "web", standard="systemd")
    expect(x.result(x.run("w", "monitor")), 0, 0)
    costs_no_time(x, 4)


def waiting_for_systemd_costs_no_time(x, systemd):
    systemd.units["web.service"] = Unit(state="active", start=(3, "active"))
    x.register("w", "web", standard="systemd")
    expect(x.result(x.run("w", "monitor")), 0, 0)
    x.run("w", "start")
    systemd.mute = {"Get"}
    x.register("m", "web", standard="systemd")
    x.run("m", "monitor")
    costs_no_time(x)


def class_service_means_a_unit_where_there_is_no_script(x, systemd):
    systemd.units["web.service"] = Unit()
    x.register("w", "web", standard="service")
    expect(x.result(x.run("w", "start")), 0, 0)
    assert ("StartUnit", "web.service", "replace") in systemd.calls
    x.register("n", "no-such-thing", standard="service")
    expect(x.result(x.run("n", "start")), 5, 7)


def many_units_at_once(x, systemd):
    for i in range(25):
        systemd.units["u%d.service" % i] = Unit(start=(0.5, "active"), stop=(0.2, "inactive"))
        x.register("u%d" % i, "u%d" % i, standard="systemd")
    begin = time.monotonic()
    for action in ("start", "stop"):
        calls = {x.run("u%d" % i, action) for i in range(25)}
        while calls:
            event = x.result()
            expect(event, 0, 0)
            calls.discard(int(event.get("lrmd_callid")))
    assert time.monotonic() - begin < 15


def tool(*args):
    p = subprocess.run([CRM_RESOURCE] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30,
                       check=False, env=dict(os.environ, LC_ALL="C"))
    return p.returncode, p.stdout


def crm_resource_lists_and_describes_units(x, systemd):
    assert "systemd" not in tool("--list-standards")[1].split() # no units, no standard
    for name in ("web.service", "Apache.service", "web.socket", "x@.service", "data.swap", "boot.target"):
        systemd.units[name] = Unit(description="Serves <pages> & more")
    assert tool("--list-standards")[1].split()[:4] == ["ocf", "lsb", "service", "systemd"]
    rc, text = tool("--list-agents", "systemd")
    assert rc == 0 and text.split() == ["Apache", "web", "web.socket", "x@"], text
    rc, text = tool("--show-metadata", "systemd:web")
    assert rc == 0 and "Serves &lt;pages&gt; &amp; more" in text, text
    assert '<action name="monitor"   timeout="100" interval="60"/>' in text, text
    assert "<shortdesc lang=\"en\">systemd unit file for web</shortdesc>" in text, text


TESTS = [f for f in list(globals().values()) if callable(f) and getattr(f, "__module__", "") == "__main__"
         and f.__code__.co_varnames[:2] == ("x", "systemd")]


def inside(test):
    """One test, in a sandbox of its own."""
    subprocess.run(["mount", "-t", "tmpfs", "agents", execd.AGENT_DIR], check=True)
    execd.write(execd.AGENT_DIR + "/test/ok", "#!/bin/sh\nexit 0\n")
    systemd = FakeSystemd(BUS)
    executor = execd.Executor()
    try:
        test(executor, systemd)
        assert executor.process.poll() is None, "the executor has ended"
        assert executor.end() == 0, "the executor did not end well"
    finally:
        if executor.process.poll() is None:
            executor.process.kill()


def main():
    sandboxed.main(TESTS, inside, [execd.DAEMON, CRM_RESOURCE], {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=" + BUS})


if __name__ == "__main__":
    main()
