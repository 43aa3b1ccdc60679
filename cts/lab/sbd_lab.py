# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab whose hosts run sbd: shared disks, a watchdog for each host, and what its stories have in common.  Used by sbd.py, sbd_alone.py.

The shared disks are files behind loop devices, which all hosts see.  The watchdog is a stand-in: a FIFO in each host that a
thread of this program reads.  Any byte arms or feeds it, `V` disarms it; when it is not fed in time the host loses its power.
sbd needs no hook for that: with -T it does not ask the "device" for a timeout, and reboot() in a PID namespace ends just
that.  The host's system log is in its log folder (syslog).
"""
import os
import re
import select
import signal
import subprocess
import threading
import time

from lab import Lab, LabError, wait_until
from results import Skip
from world import active, configure, expect_active, set_option

W, IO, LOOP = 3, 1, 1      # watchdog, I/O and loop timeout of the tests, seconds
MSGWAIT = 2 * W
DISK_BYTES = 1024 * 1024
SHM = "/dev/shm"


class Disk:
    """A shared disk: a file in memory behind a loop device."""

    def __init__(self, name):
        self.path = os.path.join(SHM, "quorate-sbd-%s-%d" % (name, os.getpid()))
        with open(self.path, "wb") as f:
            f.truncate(DISK_BYTES)
        p = subprocess.run(["losetup", "-f", "--show", self.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if p.returncode != 0:
            os.unlink(self.path)
            raise Skip("no loop devices here: %s" % p.stderr.strip())
        self.device = p.stdout.strip()

    def close(self):
        subprocess.run(["losetup", "-d", self.device])
        os.unlink(self.path)

    def write(self, offset, data):
        fd = os.open(self.device, os.O_WRONLY | os.O_SYNC)
        try:
            os.pwrite(fd, data, offset)
        finally:
            os.close(fd)
        subprocess.run(["blockdev", "--flushbufs", self.device])

    def read(self, offset, length):
        subprocess.run(["blockdev", "--flushbufs", self.device])
        fd = os.open(self.device, os.O_RDONLY)
        try:
            return os.pread(fd, length, offset)
        finally:
            os.close(fd)

    def lose(self):
        """As if the disk were gone: its header is; what it was is kept for give_back()."""
        self.kept = self.read(0, 512)
        self.write(0, bytes(512))

    def give_back(self):
        self.write(0, self.kept)


class Watchdog(threading.Thread):
    """The stand-in of one host (see above)."""

    def __init__(self, node, timeout):
        super().__init__(daemon=True)
        self.node, self.timeout = node, timeout
        self.path = os.path.join(node.dir, "log", "watchdog")
        if not os.path.exists(self.path):
            os.mkfifo(self.path)
        self.fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        self.deadline = None
        self.fed = 0           # bytes
        self.last = 0.0        # time of the last one
        self.fired = []        # times
        self.ended = threading.Event()
        self.start()

    def run(self):
        while not self.ended.is_set():
            deadline = self.deadline
            left = 0.2 if deadline is None else min(0.2, max(0, deadline - time.monotonic()))
            if select.select([self.fd], [], [], left)[0]:
                data = os.read(self.fd, 4096)
                if data.endswith(b"V"):
                    self.deadline = None
                else:
                    self.last = time.monotonic()
                    self.deadline = self.last + self.timeout
                    self.fed += len(data)
            elif deadline is not None and time.monotonic() >= deadline:
                self.deadline = None
                pid = self.node.pid
                if pid:  # without power there is nothing to reset
                    self.fired.append(time.monotonic())
                    os.kill(pid, signal.SIGKILL)

    def power_is_off(self):
        """The host was switched off or reset: its watchdog is, too."""
        self.deadline = None

    def close(self):
        self.ended.set()
        self.join()
        os.close(self.fd)


class SbdLab:
    """A lab whose hosts run sbd beneath the stack."""

    def __init__(self, options, nodes=3, disks=1, name="sbd", quorum="", env=None, sbd_options="", stack="ours", sbd=None, spare=0, watchdog=W, **kw):
        """`stack`: whose daemons; `sbd`: whose sbd runs on node1, node2, ... ("ours", "debian"; default: all as the stack);
        `spare`: shared disks that are not sbd's; `watchdog`: seconds, without disks."""
        stacks = ["debian" if "node%d" % (i + 1) in kw.get("debian_nodes", ()) else stack for i in range(nodes)]
        whose = sbd or stacks
        programs = {"node%d" % (i + 1): {"/usr/sbin/sbd": os.path.join(options.stage, "usr/sbin/sbd") if w == "ours"
                                         else "/run/.host/usr/sbin/sbd"} for i, w in enumerate(whose) if w != stacks[i]}
        if "debian" in whose and not is_debians("/usr/sbin/sbd"):
            raise Skip("Debian's sbd is not installed")
        if "debian" in stacks and not is_debians("/usr/sbin/pacemakerd"):
            raise Skip("Debian's Pacemaker is not installed")
        self.whose = {"node%d" % (i + 1): w for i, w in enumerate(whose)}
        self.disks, self.spare = [], []
        self.dogs = {}
        self.options = sbd_options
        try:
            for i in range(disks):
                self.disks.append(Disk("%s%d" % (name, i)))
            for i in range(spare):
                self.spare.append(Disk("%s-spare%d" % (name, i)))
            devices = [d.device for d in self.disks + self.spare] or ["/dev/loop-control"]
            self.env = {"SBD_PACEMAKER": "yes", "SBD_SYNC_RESOURCE_STARTUP": "yes", "SBD_WATCHDOG_TIMEOUT": str(watchdog),
                        "SBD_WATCHDOG_DEV": "/var/log/watchdog", "SBD_STARTMODE": "always", "SBD_DELAY_START": "no"}
            if disks:
                self.env["SBD_DEVICE"] = ";".join(d.device for d in self.disks)
            self.env.update(env or {})
            self.env = {name: value for name, value in self.env.items() if value is not None}
            self.lab = Lab(name, nodes=nodes, stage=options.stage if stack == "ours" else None, disks=devices, quorum=quorum,
                           environment=self.env, programs=programs, **kw)
            self.lab.create()
            for n in self.lab.nodes:
                n.write_file("default/sbd", "".join('%s="%s"\n' % i for i in sorted(self.env.items())))
                self.dogs[n.name] = Watchdog(n, watchdog)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and kind is not Skip:
            print("lab: logs of all nodes are in %s" % self.lab.save_logs())
        self.close()

    def close(self):
        for dog in self.dogs.values():
            dog.close()
        if hasattr(self, "lab"):
            for n in self.lab.nodes:
                if n.pid:
                    for pid, _, state in n.processes():
                        if state == "T":
                            os.kill(pid, signal.SIGCONT)
            self.lab.down()
        for d in self.disks + self.spare:
            d.close()

    # --- life ---

    def format_disks(self, node):
        node.run(["sbd"] + self.device_words() + ["-1", str(W), "-2", "1", "-3", str(LOOP), "-4", str(MSGWAIT), "create"])

    def device_words(self):
        return [w for d in self.disks for w in ("-d", d.device)]

    def begin_sbd(self, node, options="-p /run/sbd.pid", **env):
        """As the unit does it, without waiting; `env`: other values than the configuration file's."""
        return node.spawn(["sh", "-c", "set -a; . /etc/default/sbd; %s exec sbd -R -T -I %d %s %s watch" % (
            "".join("%s='%s'; " % pair for pair in env.items()), IO, self.options, options)], "sbd.out")

    def start_sbd(self, node, timeout=20):
        """The same until it is up; returns how it ended."""
        p = self.begin_sbd(node)
        try:
            return p.wait(timeout)
        except subprocess.TimeoutExpired:
            raise LabError("%s: `sbd watch` does not come back\n%s" % (node.name, node.log("syslog")[-2000:]))

    def power_on(self, node, stack=True):
        """Everything that systemd would start."""
        if not node.pid:
            self.dogs[node.name].power_is_off()
            node.boot()
        node.start_corosync()
        rc = self.start_sbd(node)
        if rc != 0:
            raise LabError("%s: sbd does not start (%s)\n%s" % (node.name, rc, node.log("syslog")[-2000:]))
        if stack:
            node.start_stack()

    def boot(self):
        """Hosts and formatted disks, nothing that runs."""
        for n in self.lab.nodes:
            n.boot()
        if self.disks:
            self.format_disks(self.lab.nodes[0])

    def boot_anew(self):
        """The same for the next story."""
        for n in self.lab.nodes:
            n.power_off()
            self.dogs[n.name].power_is_off()
        self.boot()

    def start(self):
        self.boot()
        for n in self.lab.nodes:
            n.spawn(["corosync", "-f"], "corosync.out")
        wait_until("Corosync has formed", self.lab.corosync_complete, 30, 0.1)
        for n in self.lab.nodes:
            rc = self.start_sbd(n)
            if rc != 0:
                raise LabError("%s: sbd does not start (%s)\n%s" % (n.name, rc, n.log("syslog")[-2000:]))
        for n in self.lab.nodes:
            n.start_stack()
        self.lab.wait_online(timeout=60)
        self.wait_seen_by_sbd()

    def whole(self):
        """All hosts up and healthy, nothing configured but fencing through sbd, empty mailboxes."""
        for n in self.lab.nodes:
            n.plug()
            for other in self.lab.nodes:
                n.mend_to(other)
        for n in self.lab.nodes:
            if not n.pid or not sbd_process(n):
                n.power_off()
                self.power_on(n)
            elif not n.pids("pacemakerd"):
                n.start_stack()
        self.lab.wait_online(timeout=90)
        one = self.lab.nodes[0]
        one.run(["cibadmin", "--delete-all", "--force", "--xpath", "//constraints/*"], check=False)
        one.run(["crm_attribute", "--type", "crm_config", "--name", "stop-all-resources", "--update", "true"])
        self.lab.wait_idle(60)
        one.run(["cibadmin", "--replace", "--scope", "resources", "--xml-text", "<resources/>"])
        one.run(["crm_attribute", "--type", "crm_config", "--name", "stop-all-resources", "--delete"])
        self.lab.wait_idle(60)
        self.wait_seen_by_sbd()

    def wait_vouched_for(self):
        """The cluster vouches for every host, and its sbd has read the disks since: from then on it may lose them."""
        self.wait_seen_by_sbd()
        time.sleep(IO + LOOP)

    def wait_seen_by_sbd(self):
        """Every host's sbd has found it healthy in the cluster: what it has never seen it does not miss.  (And SBD 1.5 hangs if Pacemaker is
        stopped while it tries to reach the CIB manager.)"""
        for n in self.lab.nodes:
            wait_until("the cluster vouches for %s" % n.name, lambda: dict(re.findall(
                r"Servant (pcmk|cluster) is (\w+)", n.log("syslog").rpartition("in case of timeout")[2])) == {"pcmk": "healthy", "cluster": "healthy"}, 20, 0.2)

    def list(self, node=None):
        """{name: (word, sender)} of the first disk."""
        out = (node or self.lab.running()[0]).output("sbd", "-d", self.disks[0].device, "list")
        return {w[1]: (w[2], w[3]) for w in (line.split("\t") for line in out.splitlines())}

    def message(self, node, target, word, check=True):
        return node.run(["sbd"] + self.device_words() + ["message", target, word], check=check)


def is_debians(path):
    p = subprocess.run(["dpkg-query", "-S", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return p.returncode == 0 and os.path.exists(path)


def titles(node):
    """Titles of sbd's processes, with their ids in the machine."""
    found = {}
    for pid, _, state in node.processes():
        try:
            with open("/proc/%d/comm" % pid) as f:
                if f.read().strip() != "sbd" or state == "Z":
                    continue
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                found[pid] = f.read().rstrip(b"\0").decode(errors="replace")
        except OSError:
            continue
    return found


def sbd_process(node, title="sbd: inquisitor"):
    return [pid for pid, t in titles(node).items() if t == title]


def wait_dead(lab, node, timeout):
    return wait_until("%s is dead" % node.name, lambda: not node.pid, timeout, 0.05)


def cut_off_home_of(s, rsc):
    """The node that runs it loses its network: that node, and after how many seconds it was dead and the resource ran elsewhere."""
    victim = s.lab[expect_active(s.lab, rsc)[0]]
    begin = time.monotonic()
    victim.unplug()
    wait_dead(s.lab, victim, 30)
    died = time.monotonic() - begin
    wait_until("%s runs elsewhere" % rsc, lambda: (active(s.lab, rsc) or [victim.name]) != [victim.name], 60)
    return victim, died, time.monotonic() - begin


FENCE_SBD = ('<resources><primitive id="fencing" class="stonith" type="fence_sbd"><instance_attributes id="fencing-params">'
             '<nvpair id="fencing-devices" name="devices" value="%s"/></instance_attributes></primitive></resources>')
EXTERNAL_SBD = ('<resources><primitive id="fencing" class="stonith" type="external/sbd"><instance_attributes id="fencing-params">'
                '<nvpair id="fencing-device" name="sbd_device" value="%s"/></instance_attributes></primitive></resources>')


def best_agent():
    if os.path.exists("/usr/sbin/fence_sbd"):
        return FENCE_SBD
    if os.path.exists("/usr/sbin/stonith"):
        return EXTERNAL_SBD
    raise Skip("neither fence-agents nor cluster-glue is installed")


def fencing_on(s, xml=None):
    configure(s.lab, (xml or best_agent()) % s.disks[0].device)
    set_option(s.lab, "stonith-enabled", "true")
    set_option(s.lab, "stonith-timeout", "40s")
    s.lab.wait_idle()


def last_fencing(node, target):
    return node.run(["stonith_admin", "--history", target, "--verbose"], check=False).stdout


def alive_for(s, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert all(n.pid for n in s.lab.nodes), "a node was reset: %s" % [n.name for n in s.lab.nodes if not n.pid]
        time.sleep(0.2)
