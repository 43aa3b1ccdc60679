# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab: several cluster hosts on one machine, each a set of namespaces with a real Corosync and a stack.

Used by the scenario tests, the benchmarks, `quickstart` and by hand (cts/lab/lab).  Everything lives below one
directory and in network namespaces named for the lab; nothing is changed in the machine's own namespaces.
"""
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = "/var/tmp/quorate-lab"
NET = "10.99.7"
DEBIAN_SBIN = "/run/.host/usr/sbin"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

COROSYNC_CONF = """totem {{
    version: 2
    cluster_name: lab
    transport: knet
    crypto_cipher: none
    crypto_hash: none
    token: {token}
}}
nodelist {{
{nodes}}}
quorum {{
    provider: corosync_votequorum
{quorum}}}
logging {{
    to_logfile: yes
    logfile: /var/log/corosync.log
    to_syslog: no
    timestamp: hires
}}
"""


class LabError(Exception):
    pass


def run(argv, check=True, **kw):
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **kw)
    if check and p.returncode != 0:
        raise LabError("%s: exit %d: %s" % (" ".join(argv), p.returncode, p.stdout.strip()))
    return p


def wait_until(what, predicate, timeout, interval=0.1):
    """Poll until predicate() is true; returns the seconds it took.  LabError names what did not happen."""
    begin = time.monotonic()
    while True:
        value = predicate()
        if value:
            return time.monotonic() - begin
        if time.monotonic() - begin > timeout:
            raise LabError("not within %g s: %s" % (timeout, what))
        time.sleep(interval)


class Node:
    """One host of the lab."""

    kind = "node"
    first_address = 0

    def __init__(self, lab, number):
        self.lab = lab
        self.number = number
        self.name = "%s%d" % (self.kind, number)
        self.address = "%s.%d" % (NET, self.first_address + number)
        self.dir = os.path.join(lab.dir, self.name)
        self.netns = "%s-%s" % (lab.prefix, self.name)

    # --- life ---

    def prepare(self):
        """Directories and files of a fresh host."""
        for sub in ("lib", "log", "corosync", "corosync-lib", "default", "srv", "containers"):
            os.makedirs(os.path.join(self.dir, sub), exist_ok=True)
        for sub in ("lib/cib", "lib/pengine", "lib/cores", "lib/blackbox", "log/pacemaker", "log/crmsh", "log/nginx",
                    "corosync/uidgid.d"):
            os.makedirs(os.path.join(self.dir, sub), exist_ok=True)
        run(["chown", "-R", "hacluster:haclient", os.path.join(self.dir, "lib"),
             os.path.join(self.dir, "log/pacemaker")])
        self.write_file("hosts", "127.0.0.1 localhost\n" + "".join(
            "%s %s\n" % (n.address, n.name) for n in self.lab.hosts))
        self.write_file("corosync/corosync.conf", self.lab.corosync_conf())
        self.write_file("corosync/authkey", self.lab.name * 100)
        self.write_file("default/pacemaker", "".join(
            "%s=%s\n" % (name, shlex.quote(value)) for name, value in sorted(self.lab.environment.items())))
        self.write_file("node.json", json.dumps({
            "name": self.name, "dir": self.dir, "stage": self.lab.stage_of(self),
            "debian_daemons": self.lab.options["debian_daemons"],
            "debian_programs": self.lab.options["debian_programs"],
            "keep_visible": self.lab.options["keep_visible"], "disks": self.lab.options["disks"],
            "programs": self.lab.options["programs"].get(self.name, {}), "containers": self.lab.options["containers"],
            "power": os.path.join(self.lab.dir, "power") if self.lab.options["fencing"] else None}))

    def write_file(self, name, text):
        with open(os.path.join(self.dir, name), "w") as f:
            f.write(text)

    def boot(self):
        """Start the namespaces (power on); nothing of the cluster runs yet."""
        ready = os.path.join(self.dir, "ready")
        if os.path.exists(ready):
            os.unlink(ready)
        with open(os.path.join(self.dir, "init.log"), "a") as log:
            p = subprocess.Popen(
                ["ip", "netns", "exec", self.netns, "unshare", "--mount", "--uts", "--ipc", "--pid", "--fork",
                 "--kill-child", "python3", os.path.join(HERE, "node_init.py"), os.path.join(self.dir, "node.json")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.lab.children.append(p)
        children = "/proc/%d/task/%d/children" % (p.pid, p.pid)
        try:
            wait_until("%s boots" % self.name, lambda: os.path.exists(ready) or p.poll() is not None, 30, 0.02)
        except LabError:
            p.kill()  # and what is inside with it; nobody else knows of it yet
            raise
        if p.poll() is not None:
            with open(os.path.join(self.dir, "init.log")) as log:
                raise LabError("%s does not boot: %s" % (self.name, log.read()[-600:]))
        with open(children) as f:
            self.write_file("pid", f.read().split()[0])

    @property
    def pid(self):
        """Process id of the node's first process, 0 if it is off."""
        try:
            with open(os.path.join(self.dir, "pid")) as f:
                pid = int(f.read())
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                return pid if self.dir.encode() in f.read() else 0
        except (OSError, ValueError):
            return 0

    def power_off(self):
        """The host dies at once: every process of it is killed."""
        pid = self.pid
        if pid:
            wrappers = self._wrappers(pid)
            os.kill(pid, signal.SIGKILL)
            for wrapper in wrappers:
                try:
                    os.kill(wrapper, signal.SIGCONT)
                except ProcessLookupError:
                    pass  # it saw the end itself
            wait_until("%s is off" % self.name, lambda: not self.pid, 10, 0.02)
        if self.lab.options["containers"]:
            self.forget_network()
        self.lab.reap()

    def forget_network(self):
        """What podman and the addresses of replicas left in the network namespace, which outlives the host."""
        addresses = run(["ip", "-n", self.netns, "-4", "-o", "addr", "show", "dev", "eth0"], check=False).stdout
        for address in re.findall(r"inet (\S+)", addresses):
            if address.split("/")[0] != self.address:
                run(["ip", "-n", self.netns, "addr", "del", address, "dev", "eth0"])
        run(["ip", "-n", self.netns, "link", "del", "cni-podman0"], check=False)
        run(["ip", "netns", "exec", self.netns, "iptables", "-t", "nat", "-F"], check=False)

    @staticmethod
    def _wrappers(pid):
        """The processes outside that wait for those inside: unshare and nsenter stop themselves when what they wait for is stopped."""
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % entry, "rb") as f:
                    argv = f.read().split(b"\0")
                with open("/proc/%s/task/%s/children" % (entry, entry)) as f:
                    children = f.read().split()
            except OSError:
                continue
            if argv[:3] == [b"nsenter", b"-t", str(pid).encode()] or (argv[0] == b"unshare" and str(pid) in children):
                found.append(int(entry))
        return found

    def start(self, wait=False):
        """Boot if needed, start Corosync and the stack."""
        if not self.pid:
            self.boot()
        self.start_corosync()
        self.start_stack()
        if wait:
            self.lab.wait_online([self])

    def start_corosync(self):
        self.spawn(["corosync", "-f"], "corosync.out")
        wait_until("Corosync of %s answers" % self.name,
                   lambda: self.run(["corosync-cmapctl", "-g", "runtime.votequorum.this_node_id"], check=False).returncode == 0,
                   20, 0.05)

    def start_stack(self):
        self.spawn(["sh", "-c", "set -a; . /etc/default/pacemaker; exec pacemakerd"], "pacemakerd.out")

    def stop_stack(self, timeout=60):
        """Orderly stop of the cluster manager; resources move away."""
        pids = self.pids("pacemakerd")
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        wait_until("the stack of %s has stopped" % self.name, lambda: not self.pids("pacemakerd"), timeout)

    def stop(self, timeout=60):
        self.stop_stack(timeout)
        for pid in self.pids("corosync"):
            os.kill(pid, signal.SIGTERM)
        wait_until("Corosync of %s has stopped" % self.name, lambda: not self.pids("corosync"), 20)

    # --- running things ---

    def command(self, argv):
        pid = self.pid
        if not pid:
            raise LabError("%s is off" % self.name)
        return ["nsenter", "-t", str(pid), "-m", "-u", "-i", "-n", "-p", "env", "-i", "PATH=" + PATH, "LC_ALL=C",
                "HOME=/root", "TERM=dumb", "USER=root"] + list(argv)

    def run(self, argv, check=True, timeout=60, **kw):
        return run(self.command(argv), check=check, timeout=timeout, **kw)

    def output(self, *argv):
        return self.run(argv).stdout

    def debian(self, argv, check=False, timeout=60):
        """Run Debian's own program of that name inside the node, against whatever daemons run there."""
        env = ["env", "PCMK_schema_directory=/run/.host/usr/share/pacemaker"] if self.lab.stage_of(self) else []
        place = DEBIAN_SBIN if self.lab.stage_of(self) else "/usr/sbin"
        return self.run(env + [os.path.join(place, argv[0])] + list(argv[1:]), check=check, timeout=timeout)

    def spawn(self, argv, log):
        with open(os.path.join(self.dir, "log", log), "a") as f:
            p = subprocess.Popen(self.command(argv), stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                                 start_new_session=True)
        self.lab.children.append(p)
        return p

    def processes(self):
        """(machine's pid, command name, state) of everything that runs in this node."""
        if not self.pid:
            return []
        mine = os.stat("/proc/%d/ns/pid" % self.pid).st_ino
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                if os.stat("/proc/%s/ns/pid" % entry).st_ino != mine:
                    continue
                with open("/proc/%s/stat" % entry) as f:
                    stat = f.read()
                with open("/proc/%s/cmdline" % entry, "rb") as f:
                    argv0 = f.read().split(b"\0")[0].decode(errors="replace")
                argv0 = os.path.basename(argv0.split(" ")[0].rstrip(":"))  # "nginx: master process ..." is nginx
                found.append((int(entry), argv0, stat.rsplit(")", 1)[1].split()[0]))
            except OSError:
                continue
        return found

    def pids(self, name):
        return [pid for pid, argv0, state in self.processes() if argv0 == name and state != "Z"]

    def kill(self, name, sig=signal.SIGKILL):
        """Send a signal to the processes of that name in this node; returns their ids."""
        pids = self.pids(name)
        for pid in pids:
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                pass  # its parent's end took it along
        return pids

    # --- network ---

    def cut_to(self, other):
        """Packets from this node to the other are lost (one direction)."""
        run(["ip", "-n", self.netns, "route", "replace", "blackhole", other.address + "/32"])

    def mend_to(self, other):
        run(["ip", "-n", self.netns, "route", "del", "blackhole", other.address + "/32"], check=False)

    def unplug(self):
        run(["ip", "-n", self.netns, "link", "set", "eth0", "down"])

    def plug(self):
        run(["ip", "-n", self.netns, "link", "set", "eth0", "up"])

    # --- disk ---

    def small_disk(self, megabytes=4):
        """From now on (until power off) the configuration lies on a disk of that size; before the stack starts."""
        self.run(["mount", "-t", "tmpfs", "-o", "size=%dm,mode=0750,uid=hacluster,gid=haclient" % megabytes, "tmpfs",
                  "/var/lib/pacemaker/cib"])

    def fill_disk(self):
        """No byte is left where the configuration is stored (use small_disk first)."""
        self.run(["sh", "-c", "cat /dev/zero >/var/lib/pacemaker/cib/ballast 2>/dev/null; chown hacluster /var/lib/pacemaker/cib/ballast"])

    def empty_disk(self):
        self.run(["rm", "-f", "/var/lib/pacemaker/cib/ballast"])

    # --- looking ---

    def log(self, name="pacemaker/pacemaker.log"):
        try:
            with open(os.path.join(self.dir, "log", name), errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def cib(self):
        return ET.fromstring(self.output("cibadmin", "-Q"))

    def status(self):
        """crm_mon's XML, or None while there is none."""
        try:
            p = self.run(["crm_mon", "-1", "--output-as=xml"], check=False, timeout=20)
            return ET.fromstring(p.stdout) if p.returncode == 0 else None
        except (LabError, ET.ParseError, subprocess.TimeoutExpired):
            return None


class Remote(Node):
    """A host that runs resources without being a member: no Corosync, pacemaker-remoted alone."""

    kind = "remote"
    first_address = 100

    def start(self, wait=False):
        if not self.pid:
            self.boot()
        self.start_stack()

    def start_stack(self, program="/usr/sbin/pacemaker-remoted"):
        self.spawn(["sh", "-c", "set -a; . /etc/default/pacemaker; exec %s" % program], "remoted.out")
        wait_until("pacemaker-remoted of %s listens" % self.name,
                   lambda: ":3121" in self.run(["ss", "-ltn"], check=False).stdout, 10)


class Lab:
    """A named set of nodes.  Use as a context manager in tests: it is taken down whatever happens."""

    def __init__(self, name="lab", nodes=3, stage=None, debian_nodes=(), debian_daemons=(), debian_programs=(),
                 environment=None, token=1000, quorum="", keep_visible=(), fencing=False, disks=(),
                 programs=None, remotes=0, containers=False):
        if not re.fullmatch(r"[a-z0-9]{1,8}", name):
            raise LabError("lab name %r: use 1 to 8 lower-case letters and digits" % name)
        self.name = name
        self.dir = os.path.join(ROOT, name)
        self.prefix = "ql" + name
        self.children = []
        self.environment = dict(environment or {})
        self.options = {"nodes": nodes, "stage": stage and os.path.abspath(stage), "debian_nodes": list(debian_nodes),
                        "debian_daemons": list(debian_daemons), "debian_programs": list(debian_programs),
                        "token": token, "quorum": quorum, "environment": self.environment,
                        "keep_visible": list(keep_visible), "fencing": fencing, "disks": list(disks),
                        "programs": dict(programs or {}), "remotes": remotes, "containers": containers}
        self.nodes = [Node(self, i + 1) for i in range(nodes)]
        self.remotes = [Remote(self, i + 1) for i in range(remotes)]
        self.hosts = self.nodes + self.remotes

    @classmethod
    def load(cls, name):
        """The lab that is up under that name."""
        try:
            with open(os.path.join(ROOT, name, "lab.json")) as f:
                options = json.load(f)
        except OSError:
            raise LabError("no lab %r is up; start one with: lab up --name %s" % (name, name))
        return cls(name, **options)

    def __getitem__(self, name):
        for n in self.hosts:
            if name in (n.name, n.number):
                return n
        raise LabError("no node %r; there are %s" % (name, ", ".join(n.name for n in self.nodes)))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            keep = self.save_logs()
            print("lab: logs of all nodes are in %s" % keep)
        self.down()

    def stage_of(self, node):
        return None if node.name in self.options["debian_nodes"] else self.options["stage"]

    def corosync_conf(self):
        nodes = "".join("    node {\n        ring0_addr: %s\n        name: %s\n        nodeid: %d\n    }\n"
                        % (n.address, n.name, n.number) for n in self.nodes)
        quorum = "".join("    %s\n" % line for line in self.options["quorum"].split(";") if line)
        return COROSYNC_CONF.format(token=self.options["token"], nodes=nodes, quorum=quorum)

    # --- up and down ---

    def create(self):
        """Make the hosts and their network, switched off."""
        self.down()
        for path in ("/usr/lib/pacemaker", "/usr/share/pacemaker", "/usr/lib/ocf/resource.d/pacemaker",
                     "/etc/corosync", "/var/lib/corosync", "/var/lib/pacemaker", "/srv") + (
                         ("/etc/pacemaker", "/var/lib/containers") if self.options["containers"] else ()):
            os.makedirs(path, exist_ok=True)  # places to mount on
        os.makedirs(self.dir)
        with open(os.path.join(self.dir, "lab.json"), "w") as f:
            json.dump(self.options, f)
        switch = self.prefix + "-switch"
        run(["ip", "netns", "add", switch])
        run(["ip", "-n", switch, "link", "add", "br0", "type", "bridge", "forward_delay", "0"])
        run(["ip", "-n", switch, "link", "set", "br0", "up"])
        run(["ip", "-n", switch, "addr", "add", NET + ".254/24", "dev", "br0"])
        for n in self.hosts:
            run(["ip", "netns", "add", n.netns])
            run(["ip", "-n", switch, "link", "add", n.name, "type", "veth", "peer", "name", "eth0", "netns", n.netns])
            run(["ip", "-n", switch, "link", "set", n.name, "master", "br0", "up"])
            run(["ip", "-n", n.netns, "addr", "add", n.address + "/24", "dev", "eth0"])
            run(["ip", "-n", n.netns, "link", "set", "eth0", "up"])
            run(["ip", "-n", n.netns, "link", "set", "lo", "up"])
            n.prepare()
        if self.options["fencing"]:
            self.start_power()
        return self

    # --- power switches (fence_lab) ---

    def start_power(self):
        """Start the process that turns nodes off and on for fence agents."""
        folder = os.path.join(self.dir, "power")
        os.makedirs(folder)
        with open(os.path.join(folder, "errors"), "w") as log:
            p = subprocess.Popen(["python3", os.path.join(HERE, "power.py"), self.name], stdin=subprocess.DEVNULL,
                                 stdout=log, stderr=log, start_new_session=True)
        self.children.append(p)
        with open(os.path.join(folder, "pid"), "w") as f:
            f.write(str(p.pid))
        wait_until("the power switches answer", lambda: os.path.exists(os.path.join(folder, "socket")), 10, 0.02)

    def stop_power(self):
        try:
            with open(os.path.join(self.dir, "power", "pid")) as f:
                pid = int(f.read())
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                if b"power.py" in f.read():
                    os.kill(pid, signal.SIGKILL)
        except (OSError, ValueError):
            pass  # there is none

    def set_switch(self, name="power", **how):
        """How a switch behaves from now on: mode="pass"|"fail"|"hang", delay=SECONDS, times=N (nothing: well)."""
        path = os.path.join(self.dir, "power", name + ".json")
        with open(path + ".new", "w") as f:
            json.dump(how, f)
        os.rename(path + ".new", path)

    def set_hosts_start(self, whether):
        """Does a host that is turned on boot and start the cluster?  If not it stays off until somebody boots it."""
        with open(os.path.join(self.dir, "power", "start"), "w") as f:
            f.write("yes" if whether else "no")

    def switches_reset(self):
        """All outlets are on again; waits until no host is about to boot."""
        self.ask_switches({"action": "reset"})

    def ask_switches(self, request):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(os.path.join(self.dir, "power", "socket"))
            s.sendall(json.dumps(request).encode() + b"\n")
            return json.loads(s.makefile().readline())

    def power_log(self, *actions):
        """What the switches were asked, oldest first; only these actions (default: those that change something)."""
        try:
            with open(os.path.join(self.dir, "power", "log")) as f:
                entries = [json.loads(line) for line in f if line.endswith("\n")]
        except OSError:
            return []
        return [e for e in entries if e["action"] in (actions or ("off", "on", "reboot"))]

    def boot(self):
        for n in self.nodes:
            n.boot()
        return self

    def start(self, wait=True, timeout=60, dc=None):
        """
        Bring the whole cluster up; returns the seconds from starting the stack to all online.  `dc` names the node
        that is to be the designated controller: its stack starts first, alone.
        """
        for n in self.nodes:
            if not n.pid:
                n.boot()
        for n in self.nodes:
            n.spawn(["corosync", "-f"], "corosync.out")
        wait_until("Corosync has formed", self.corosync_complete, 30, 0.1)
        begin = time.monotonic()
        if dc is not None:
            self[dc].start_stack()
            wait_until("%s is DC" % dc, lambda: self.dc() is self[dc], timeout)
        for n in self.nodes:
            if n.name != dc:
                n.start_stack()
        if wait:
            self.wait_online(timeout=timeout)
        return time.monotonic() - begin

    def corosync_complete(self):
        for n in self.nodes:
            p = n.run(["corosync-quorumtool", "-s"], check=False)
            if not re.search(r"^Total votes:\s+%d" % len(self.nodes), p.stdout, re.M):
                return False
        return True

    def down(self):
        """Take everything down and leave nothing behind."""
        self.stop_power()  # first: it must not turn anything on again
        for n in self.hosts:
            n.power_off()
        self.reap()
        have = run(["ip", "netns", "list"]).stdout.split()
        for ns in have:
            if ns.startswith(self.prefix + "-"):
                run(["ip", "netns", "del", ns])
        shutil.rmtree(self.dir, ignore_errors=True)

    def reap(self):
        for p in list(self.children):
            if p.poll() is not None:
                self.children.remove(p)

    def save_logs(self):
        keep = "%s-%s-%s" % (ROOT, self.name, time.strftime("%H%M%S"))
        os.makedirs(keep, exist_ok=True)
        for n in self.hosts:
            for sub, place in (("log", n.name), ("lib", os.path.join(n.name, "lib"))):
                try:
                    shutil.copytree(os.path.join(n.dir, sub), os.path.join(keep, place), dirs_exist_ok=True,
                                    ignore_dangling_symlinks=True)
                except shutil.Error:
                    pass  # files come and go while the daemons run
        return keep

    # --- looking at the whole ---

    def running(self):
        return [n for n in self.nodes if n.pid and n.pids("pacemakerd")]

    def wait_online(self, nodes=None, timeout=60):
        """Until each of `nodes` (default: all that have power) and all others that run see each of them online."""
        expected = nodes or [n for n in self.nodes if n.pid]
        names = {n.name for n in expected}

        def all_online():
            running = self.running()
            if not all(n in running for n in expected):
                return False
            for viewer in running:
                st = viewer.status()
                if st is None:
                    return False
                online = {e.get("name") for e in st.findall("./nodes/node")
                          if e.get("online") == "true" and e.get("pending") != "true" and e.get("unclean") != "true"}
                if not names <= online:
                    return False
            return True
        return wait_until("%s online" % ", ".join(sorted(names)), all_online, timeout, 0.1)

    def dc(self):
        """The node that is designated controller, or None."""
        for n in self.running():
            st = n.status()
            if st is not None:
                e = st.find("./summary/current_dc")
                if e is not None and e.get("present") == "true":
                    return self[e.get("name")]
        return None

    def active_on(self, resource, viewer=None):
        """Names of the nodes on which a resource is active."""
        viewer = viewer or self.running()[0]
        st = viewer.status()
        if st is None:
            return None
        found = []
        for r in st.iter("resource"):
            if r.get("id").split(":")[0] == resource and r.get("active") == "true":
                found += [n.get("name") for n in r.findall("node")]
        return sorted(found)

    def wait_idle(self, timeout=60):
        """Until the cluster has nothing left to do (crm_resource --wait)."""
        self.running()[0].run(["crm_resource", "--wait", "--timeout=%d" % timeout], timeout=timeout + 10)
