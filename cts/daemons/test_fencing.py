#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The fencer on one node with a real Corosync, with agents whose parameters say how they end: what a request leads to.

test_fencing.py --stage DIR    the staged fencer by the staged stonith_admin, and by Debian's where that is installed
test_fencing.py --debian       Debian's fencer and stonith_admin (that is where the expectations come from)

A line of TABLE is a scenario of specification 60, section 19, or a hostile agent; both stacks have to give its result.
"""
import argparse
import os
import re
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "lab")]
from lab import DEBIAN_SBIN, Lab, wait_until  # noqa: E402
from results import Results  # noqa: E402

FENCER = "/usr/lib/pacemaker/pacemaker-fenced"
READY = "successfully started and accepting connections"

AGENT = r"""#!/bin/sh
# What it does is in its parameters: id (for the log), mode, takes (seconds).
mode=pass takes=0 id= action= port= nodename= nodeid=
while IFS== read -r name value; do
    case $name in
        mode | takes | id | action | port | nodename | nodeid) eval "$name=\$value" ;;
    esac
done
automatic= target=
reboot='<action name="reboot"/>' on='<action name="on"/>'
case $0 in
    *_TA) on='<action name="on" automatic="1"/>' ;;
    *_TG) on='<action name="on" on_target="1"/>' ;;
    *_TR) reboot= ;;
    *_TO) on= ;;
    *_Tbad) reboot='<action name="reboot"' ;;
esac
if [ "$action" = metadata ]; then
    case $0 in
        *_Tmhang) exec sleep 3600 ;;
        *_Tmflood) echo '<resource-agent name="T"><longdesc>'; head -c 20000000 /dev/zero | tr '\0' 'x'; echo '</longdesc></resource-agent>'; exit 0 ;;
        *_Tmjunk) printf '\377\376\0<resource-agent name="T\001">&bogus;'; exit 0 ;;
        *_Tmfail) exit 1 ;;
    esac
    echo "<resource-agent name=\"T\"><parameters><parameter name=\"port\"/><parameter name=\"nodeid\"/></parameters><actions>"
    echo "$on$reboot<action name=\"off\"/><action name=\"status\"/><action name=\"list\"/><action name=\"monitor\"/></actions></resource-agent>"
    exit 0
fi
case $action in
    on | off | reboot) echo "$action:$id${nodeid:+:$nodeid}" >> /run/agent.log ;;
esac
sleep "$takes"
case $mode in
    fail) [ "$action" = monitor ] && exit 0; exit 1 ;;
    hang) [ "$action" = monitor ] && exit 0; exec sleep 3600 ;;
    deaf) trap '' TERM INT HUP; sleep 3600 & wait ;;
    flood) head -c 20000000 /dev/zero | tr '\0' 'x'; head -c 20000000 /dev/zero | tr '\0' 'y' >&2; exit 0 ;;
    exit*) [ "$action" = monitor ] && exit 0; exit "${mode#exit}" ;;
    killed) kill -9 $$ ;;
    child) sleep 3600 & exit 0 ;; # which holds its output open
    listflood) [ "$action" = list ] && head -c 5000000 /dev/zero | tr '\0' '\n' && echo node3 ;;
    lines) yes trouble | head -c 8000000 >&2 ;;
    listjunk) [ "$action" = list ] && printf '\377\376\n\033[31m,,;\n=\n,node3\n' && exit 0 ;;
    listhang) [ "$action" = list ] && exec sleep 3600 ;;
esac
case $action in
    list) printf 'node1\nnode2,x\nnode3\n' ;;
    status) exit 0 ;;
esac
exit 0
"""


def device(name, agent="T", hosts="node3", **params):
    """Command that registers a device."""
    argv = ["-R", name, "-a", "fence_" + agent, "-o", "id=" + name]
    if hosts:
        argv += ["-o", "pcmk_host_list=" + hosts]
    for key, value in params.items():
        argv += ["-o", "%s=%s" % (key, value)]
    return argv


def once(name, **params):
    """A device that fails, and is not tried again."""
    return device(name, mode="fail", pcmk_off_retries=1, pcmk_reboot_retries=1, pcmk_on_retries=1, **params)


def level(index, *devices, target="node3"):
    return ["-r", target, "-i", str(index)] + [w for d in devices for w in ("-v", d)]


# (sentence, set-up, request, exit status, what the agents were told, total timeout or None)
TABLE = [
    ("a device fences", [device("a")], ["-F", "node3", "-t", "2"], 0, "off:a", 2),
    ("three devices that fail make a failure", [once("a"), once("b"), once("c")], ["-F", "node3", "-t", "2"], 1, None, 7),
    ("of three devices one is enough", [once("a"), device("b"), once("c")], ["-F", "node3", "-t", "5"], 0, None, 18),
    ("no device, no fencing", [device("a", hosts="node2")], ["-F", "node3", "-t", "2"], 105, "", None),
    ("a missing agent is no device", [device("a", agent="none", hosts=None)], ["-F", "node3", "-t", "2"], 105, "", None),
    ("timeouts of devices count", [once("a"), device("b", pcmk_off_timeout=1), once("c", pcmk_off_timeout=4)],
     ["-F", "node3", "-t", "5"], 0, None, 12),
    ("a level for a pattern", [device("a"), device("b"), level(1, "b", target="@node.*")], ["-F", "node3", "-t", "5"], 0, "off:b", 6),
    ("timeouts of levels add up", [once("a"), device("b", pcmk_off_timeout=1), device("c", pcmk_off_timeout=4000),
                                   level(1, "a"), level(2, "b"), level(3, "c")],
     ["-F", "node3", "-t", "5"], 0, "off:a off:b", 4807),
    ("the second level follows the first", [once("a"), device("b"), level(1, "a"), level(2, "b")],
     ["-F", "node3", "-t", "20"], 0, "off:a off:b", 48),
    ("all devices of a level have to work", [once("a"), device("b"), device("c"), once("d"), device("e"), device("f"),
                                             level(1, "a", "b"), level(2, "c", "d"), level(3, "e", "f")],
     ["-F", "node3", "-t", "3"], 0, "off:a off:c off:d off:e off:f", 21),
    ("a level whose device is unknown is passed over", [device("b"), level(1, "a"), level(2, "b")],
     ["-F", "node3", "-t", "5"], 0, "off:b", 6),
    ("a level that was removed", [device("a"), level(1, "none"), ["-d", "node3", "-i", "1"]],
     ["-F", "node3", "-t", "5"], 0, "off:a", 6),
    ("levels that were removed all at once", [device("a"), level(1, "none"), level(2, "none"), ["-d", "node3"]],
     ["-F", "node3", "-t", "5"], 0, "off:a", 6),
    ("hosts by commas", [device("a", hosts="node1,node2,node3")], ["-F", "node3", "-t", "5"], 0, "off:a", 6),
    ("hosts by semicolons in a map", [device("a", hosts=None, pcmk_host_map="node2:2;node3:7,8")], ["-F", "node3", "-t", "5"], 0, "off:a", 6),
    ("hosts by the agent's list", [device("a", hosts=None, pcmk_host_check="dynamic-list")], ["-F", "node3", "-t", "5"], 0, "off:a", 6),
    ("hosts by the agent's status", [device("a", hosts=None, pcmk_host_check="status")], ["-F", "node9", "-t", "5"], 0, "off:a", 6),
    ("an agent without reboot switches off", [device("a", agent="TR")], ["-B", "node3", "-t", "5"], 0, "off:a", 6),
    ("delays: base and requested", [device("a", pcmk_delay_base=1)], ["-F", "node3", "-t", "9", "-y", "1"], 0, "off:a", None),
    ("the node id goes along", [device("a", hosts="node1")], ["-F", "node1", "-t", "5"], 0, "off:a:1", 6),
    ("unfencing by all that unfence", [device("a", agent="TA"), device("b", agent="TA")], ["-U", "node3", "-t", "5"], 0, "on:a on:b", None),
    ("unfencing by levels", [device("a", agent="TA"), device("b", agent="TA"), level(1, "a"), level(2, "b")],
     ["-U", "node3", "-t", "5"], 0, "on:a on:b", None),
    ("unfencing fails with one that has to", [device("a", agent="TA"), once("b", agent="TA")], ["-U", "node3", "-t", "5"], 1, None, None),
    ("unfencing on the target alone", [device("a", agent="TG", hosts="node1 node3")], ["-U", "node1", "-t", "5"], 0, "on:a:1", None),
    ("no unfencing from elsewhere", [device("a", agent="TG", hosts="node1 node3")], ["-U", "node3", "-t", "5"], 105, "", None),
    ("two devices reboot by off and on", [device("a", pcmk_off_timeout=1), device("b", pcmk_off_timeout=2), level(1, "a", "b")],
     ["-B", "node3", "-t", "5"], 0, "off:a off:b on:a on:b", 3),
    ("some stay off", [device("a", pcmk_reboot_action="off"), device("b", agent="TO"), level(1, "a", "b")],
     ["-B", "node3", "-t", "5"], 0, "off:a off:b", None),
    ("what unfences by itself is left off", [device("a", agent="TA"), device("b", agent="TA"), level(1, "a", "b")],
     ["-B", "node3", "-t", "5"], 0, "off:a off:b", None),
    ("reboot by one, then by two", [once("a"), device("b"), device("c"), level(1, "a"), level(2, "b", "c")],
     ["-B", "node3", "-t", "5"], 0, "reboot:a off:b off:c on:b on:c", None),
    ("halves end with their level", [once("a"), device("b"), once("c"), device("d"), device("e"), level(1, "a"),
                                     level(2, "b", "c", "d"), level(3, "e")],
     ["-B", "node3", "-t", "5"], 0, "reboot:a off:b off:c reboot:e", None),
    ("as often as retries say", [device("a", mode="fail", pcmk_off_retries=3)], ["-F", "node3", "-t", "10"], 1, "off:a off:a off:a", 12),
    # hostile agents
    ("an agent that hangs", [device("a", mode="hang")], ["-F", "node3", "-t", "2"], 124, "off:a", 2),
    ("an agent that hangs and ignores signals", [device("a", mode="deaf")], ["-F", "node3", "-t", "2"], 124, "off:a", 2),
    ("a level that hangs, then one that works", [device("a", mode="hang"), device("b"), level(1, "a"), level(2, "b")],
     ["-F", "node3", "-t", "2"], 0, "off:a off:b", 4),
    ("an agent that prints 40 MB", [device("a", mode="flood")], ["-F", "node3", "-t", "20"], 0, "off:a", None),
    ("an agent that is killed", [device("a", mode="killed", pcmk_off_retries=1)], ["-F", "node3", "-t", "5"], 1, "off:a", None),
    ("an agent that leaves a child with its output open", [device("a", mode="child")], ["-F", "node3", "-t", "5"], 0, "off:a", None),
    ("an agent that prints a million lines of errors", [device("a", mode="lines")], ["-F", "node3", "-t", "10"], 0, "off:a", None),
    ("an agent whose list has 5 MB", [device("a", hosts=None, pcmk_host_check="dynamic-list", mode="listflood")],
     ["-F", "node3", "-t", "20"], 0, "off:a", None),
    ("an agent whose list is no list", [device("a", hosts=None, pcmk_host_check="dynamic-list", mode="listjunk")],
     ["-F", "node3", "-t", "5"], 0, "off:a", None),
    ("an agent that does not end its list in time", [device("a", hosts=None, pcmk_host_check="dynamic-list", mode="listhang", pcmk_list_timeout=1)],
     ["-F", "node3", "-t", "5"], 105, "", None),
    ("a parameter of 100 kB", [device("a", long="x" * 100000)], ["-F", "node3", "-t", "5"], 0, "off:a", None),
    ("an agent that does not read 100 kB", [device("a", agent="Tnoread", long="x" * 100000)], ["-F", "node3", "-t", "5"], 0, "", None),
    ("an agent with meta-data of 20 MB", [device("a", agent="Tmflood")], ["-F", "node3", "-t", "5"], 0, "off:a", None),
    ("an agent with meta-data that are junk", [device("a", agent="Tmjunk")], ["-F", "node3", "-t", "5"], 0, "off:a", None),
    ("an agent without meta-data", [device("a", agent="Tmfail")], ["-F", "node3", "-t", "5"], 0, "off:a", None),
    ("an agent whose meta-data hang", [device("a", agent="Tmhang")], ["-F", "node3", "-t", "30"], 0, "off:a", None),
    ("an agent with bad meta-data", [device("a", agent="Tbad")], ["-F", "node3", "-t", "5"], 0, "off:a", None),
    ("an agent that is not executable", [device("a", agent="Tnox")], ["-F", "node3", "-t", "5"], 1, "", None),
    ("an agent that is a folder", [device("a", agent="Tdir")], ["-F", "node3", "-t", "5"], 1, "", None),
    ("an agent without interpreter", [device("a", agent="Tnointerp")], ["-F", "node3", "-t", "5"], 1, "", None),
    ("an agent that is no program", [device("a", agent="Ttext")], ["-F", "node3", "-t", "5"], 1, "", None),
] + [("exit status %d is a failure" % rc, [device("a", mode="exit%d" % rc, pcmk_off_retries=1)], ["-F", "node3", "-t", "5"], 1, "off:a", None)
     for rc in (1, 2, 3, 5, 7, 100, 124, 126, 127, 128, 137, 193, 255)]


class World:
    def __init__(self, options, debian_admin):
        self.debian_admin = debian_admin
        self.lab = Lab(name="fencing", nodes=1, stage=None if options.debian else options.stage, fencing=True)
        self.node = self.lab.nodes[0]

    def up(self):
        self.lab.create().boot()
        self.node.start_corosync()
        for name in ("T", "TA", "TG", "TR", "TO", "Tbad", "Tmhang", "Tmflood", "Tmjunk", "Tmfail"):
            self.file("fence_" + name, AGENT, "755")
        self.file("fence_Tnoread", "#!/bin/sh\nexec <&-\nexit 0\n", "755")
        self.file("fence_Tnox", AGENT, "644")
        self.file("fence_Tnointerp", "#!/nonexistent/interpreter\n", "755")
        self.file("fence_Ttext", "I am no program\n\0\1\2", "755")
        self.node.run(["mkdir", "/usr/sbin/fence_Tdir"])
        self.start_fencer()

    def file(self, name, text, mode):
        self.node.run(["sh", "-c", "cat > /usr/sbin/%s && chmod %s /usr/sbin/%s" % (name, mode, name)], input=text)

    def start_fencer(self):
        begin = len(self.node.log())
        self.node.spawn(["env", "PCMK_logfacility=none", "PCMK_logfile=/var/log/pacemaker/pacemaker.log", FENCER, "-c"], "fenced.out")
        wait_until("the fencer is ready", lambda: READY in self.node.log()[begin:], 20, 0.05)

    def admin(self, argv, timeout=60):
        program = DEBIAN_SBIN + "/stonith_admin" if self.debian_admin else "stonith_admin"
        return self.node.run([program] + argv, check=False, timeout=timeout)

    def was_told(self):
        return self.node.run(["test", "-s", "/run/agent.log"], check=False).returncode == 0

    def scenario(self, setup, request, status, told, total):
        self.node.run(["rm", "-f", "/run/agent.log"])
        begin = len(self.node.log())
        for argv in setup:
            p = self.admin(argv)
            assert p.returncode == 0, "stonith_admin %s: exit %d: %s" % (" ".join(argv), p.returncode, p.stdout)
        p = self.admin(request)
        log = self.node.log()[begin:]
        agents = " ".join(self.node.run(["cat", "/run/agent.log"], check=False).stdout.split()) if self.was_told() else ""
        for argv in setup:
            if argv[0] == "-R":
                self.admin(["-D", argv[1]])
            elif argv[0] == "-r":
                self.admin(["-d"] + argv[1:4])
        assert p.returncode == status, "exit %d: %s" % (p.returncode, p.stdout)
        if told is not None:
            # Without levels the order of devices is nobody's business.
            same = agents == told if any(argv[0] == "-r" for argv in setup) else sorted(agents.split()) == sorted(told.split())
            assert same, "the agents were told: %s" % agents
        if total is not None:
            found = re.findall(r"Total timeout set to (\d+)", log)
            assert found == [str(total)], "total timeout: %s" % found
        assert self.node.pids("pacemaker-fenced"), "the fencer is gone"


def orderly_end(world):
    """Agents that still run do not keep the fencer from ending; nothing it started stays behind but they."""
    world.node.kill("pacemaker-fenced", signal.SIGTERM)
    wait_until("the fencer has ended", lambda: not world.node.pids("pacemaker-fenced"), 10)


def run(results, options, debian_admin, table):
    world = World(options, debian_admin)
    with world.lab:
        world.up()
        for name, setup, request, status, told, total in table:
            results.run(("by Debian's stonith_admin: " if debian_admin else "") + name, world.scenario, setup, request, status, told, total)
        results.run("the fencer ends when it is told to", orderly_end, world)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--stage")
    p.add_argument("--debian", action="store_true")
    p.add_argument("--only", help="scenarios whose sentence holds this word")
    options = p.parse_args()
    table = [row for row in TABLE if (not options.only or options.only in row[0])
             and not (options.debian and "folder" in row[0])]  # Debian's fencer may crash of it
    results = Results()
    begin = time.monotonic()
    run(results, options, False, table)
    if not options.debian and os.path.exists("/usr/lib/pacemaker/pacemaker-fenced") and os.path.exists("/usr/sbin/stonith_admin"):
        run(results, options, True, table[::4])
    print("# %.0f s" % (time.monotonic() - begin))
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
