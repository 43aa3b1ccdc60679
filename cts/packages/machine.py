# SPDX-License-Identifier: GPL-2.0-or-later
"""A tree that is booted: systemd as first process, with its own message bus, control groups and network.

Needs a control group hierarchy of version 2 that can be written (`Unavailable` otherwise).  Changes nothing of the machine; power_off()
ends everything and removes what was made for it.
"""
import os
import signal
import subprocess
import time

from tree import ENVIRONMENT, HERE, TreeError, run

NET = "10.99.8"


class Unavailable(Exception):
    """Such a machine cannot be had here; the text says why."""


def control_groups():
    """A folder of the machine's hierarchy of version 2."""
    with open("/proc/self/mounts") as f:
        found = [line.split()[1] for line in f if line.split()[2] == "cgroup2"]
    for place in found:
        if os.access(place, os.W_OK):
            return place
    raise Unavailable("no control groups of version 2 are mounted" if not found else "%s is read-only" % found[0])


class Machine:
    """A context manager."""

    def __init__(self, tree, name="testhost"):
        self.tree, self.name = tree, name
        self.netns = "qm-%d-%s" % (os.getpid(), name)
        self.process = self.group = None
        self.pid = 0

    def __enter__(self):
        try:
            self.boot()
        except BaseException:
            self.power_off()
            raise
        return self

    def __exit__(self, *_):
        self.power_off()

    def boot(self, timeout=60):
        self.group = os.path.join(control_groups(), self.netns)
        try:
            os.mkdir(self.group)
        except OSError as e:
            self.group = None
            raise Unavailable("no control group can be made: %s" % e)
        run(["ip", "netns", "add", self.netns])
        for words in ("link set lo up", "link add eth0 type veth peer name plug", "addr add %s.1/24 dev eth0" % NET, "link set eth0 up",
                      "link set plug up"):
            run(["ip", "-n", self.netns] + words.split())
        self.tree.write("/etc/hostname", self.name + "\n")
        self.tree.write("/etc/hosts", "127.0.0.1 localhost\n%s.1 %s\n" % (NET, self.name))
        os.makedirs(self.tree.file("/var/log/journal"), exist_ok=True)
        env = dict(ENVIRONMENT, BOOT=self.group, NETNS=self.netns, HOST_NAME=self.name, container="test")
        with open(self.tree.path + ".console", "w") as log:
            self.process = subprocess.Popen([os.path.join(HERE, "enter"), self.tree.path, "/lib/systemd/systemd", "--log-target=journal"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, start_new_session=True)
        end = time.monotonic() + timeout
        while True:
            self.pid = self.first_process()
            if self.pid and self.run(["systemctl", "is-system-running"], check=False)[1].strip() in ("running", "degraded"):
                return
            if self.process.poll() is not None or time.monotonic() > end:
                with open(self.tree.path + ".console", errors="replace") as f:
                    raise Unavailable("systemd does not come up: %s" % f.read().strip()[-500:])
            time.sleep(0.2)

    def first_process(self):
        """The machine's id of systemd, 0 until it is there."""
        try:
            with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as f:
                pid = int(f.read().split()[0])
            with open("/proc/%d/comm" % pid) as f:
                return pid if f.read().strip() == "systemd" else 0
        except (OSError, IndexError):
            return 0

    def run(self, argv, check=True, timeout=120):
        """(exit status, output) of a program in the machine."""
        return run(["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n", "-p", "env", "-i"] + ["%s=%s" % kv for kv in ENVIRONMENT.items()]
                   + list(argv), check=check, timeout=timeout)

    def sh(self, text, check=True, timeout=120):
        rc, out = self.run(["sh", "-c", text], check=False, timeout=timeout)
        if check and rc != 0:
            raise TreeError("exit %d of: %s\n%s" % (rc, text, out.strip()[-2000:]))
        return out

    def property(self, unit, name):
        return self.sh("systemctl show -P %s %s" % (name, unit)).strip()

    def active(self, unit):
        return self.property(unit, "ActiveState")

    def until(self, what, predicate, timeout=60):
        end = time.monotonic() + timeout
        while not predicate():
            if time.monotonic() > end:
                raise AssertionError("not within %d s: %s" % (timeout, what))
            time.sleep(0.3)

    def journal(self, unit=None):
        return self.sh("journalctl --no-pager -o short-monotonic %s" % ("-u " + unit if unit else ""))

    def wait_off(self, timeout=90):
        """Until it has switched itself off."""
        self.process.wait(timeout)

    def power_off(self):
        if self.process is not None and self.process.poll() is None:
            pid = self.first_process()
            if pid:
                os.kill(pid, signal.SIGKILL)
            else:
                self.process.kill()
            self.process.wait()
        self.pid = 0
        run(["ip", "netns", "del", self.netns], check=False)
        if self.group:
            for folder, _, _ in os.walk(self.group, topdown=False):
                for _ in range(20):
                    try:
                        os.rmdir(folder)
                        break
                    except OSError:
                        time.sleep(0.1)  # its last process is still on its way out
            self.group = None
