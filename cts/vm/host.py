# SPDX-License-Identifier: GPL-2.0-or-later
"""Cluster hosts as QEMU machines: this machine's own files, read-only, with the staged stack in front; Corosync, sbd, the daemons inside.

The root file system is an overlay: files of this host only (Corosync's configuration, ...), the stage, this machine's root over 9p, and
on top a disk of the machine's own, so that what it wrote is still there after a reset.  A switch in a network namespace connects
the machines.  Never changes anything of this machine: what they write goes to their own disks.
"""
import os
import shutil
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lab")]
from lab import COROSYNC_CONF  # noqa: E402
from vm import Machine, Unavailable, VmError, full_kernel, make_initramfs, modules_in_order, unpacked  # noqa: E402

MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "virtio_console", "9pnet_virtio", "9p", "overlay", "crc32c_generic", "ext4",
           "softdog", "i6300esb", "drbd", "dlm")
NET = "10.99.9"
PATIENCE = 20  # all limits of time are for a machine with nothing else to do; other tests stretch them
IDLE_BOOT = 10  # seconds that two hosts take to boot on such a machine

# The first disk is the host's own.  Only what is asked for is on the shared ones.
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
modules="%s"
for m in $modules; do
    case $m in softdog | i6300esb) [ $m = $watchdog ] || continue ;; esac
    insmod /modules/$m.ko
done
mkdir -p /lower/extra /lower/stage /lower/root /own /host
for share in extra stage root; do mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 $share /lower/$share; done
mount -t ext4 /dev/vda /own
mkdir -p /own/upper /own/work
mount -t overlay -o lowerdir=/lower/extra:/lower/stage:/lower/root,upperdir=/own/upper,workdir=/own/work overlay /host
mount --move /proc /host/proc
mount --move /sys /host/sys
mount --move /dev /host/dev
for d in run tmp dev/shm; do mkdir -p /host/$d; mount -t tmpfs -o mode=1777 tmpfs /host/$d; done
chmod 755 /host/run
ln -s /proc/self/fd /host/dev/fd
for n in 0:stdin 1:stdout 2:stderr; do ln -s /proc/self/fd/${n%%:*} /host/dev/${n#*:}; done
cp /bin/busybox /host/run/busybox
exec switch_root /host /bin/sh /etc/boot
"""

BOOT = """export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root USER=root
mkdir -p /run/lock /run/resource-agents
hostname {name}
ip link set lo up
ip addr add {address}/24 dev eth0
ip link set eth0 up
setsid /run/busybox syslogd -n -O /dev/ttyS0 &
port=$(echo /dev/vport*p1)
exec 4<>"$port"
echo READY >&4
while :; do sh <&4 >&4 2>&1; done
"""


class Switch:
    """The machines' network: a bridge in a namespace of its own.  A context manager."""
    made = set()  # of this process

    def __init__(self, name, hosts):
        self.netns, self.hosts = name, hosts

    def ip(self, *words):
        p = subprocess.run(["ip", "-n", self.netns] + list(words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if p.returncode != 0:
            raise VmError("ip %s: %s" % (" ".join(words), p.stdout.strip()))

    def __enter__(self):
        subprocess.run(["ip", "netns", "del", self.netns], stderr=subprocess.DEVNULL)
        if not os.path.exists("/dev/net/tun"):
            raise Unavailable("no /dev/net/tun")
        subprocess.run(["ip", "netns", "add", self.netns], check=True)
        self.made.add(self)
        self.ip("link", "add", "br0", "type", "bridge", "forward_delay", "0")
        self.ip("link", "set", "br0", "up")
        self.ip("addr", "add", NET + ".254/24", "dev", "br0")
        for name in self.hosts:
            self.ip("tuntap", "add", name, "mode", "tap")
            self.ip("link", "set", name, "master", "br0", "up")
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "del", self.netns])
        self.made.discard(self)

    def unplug(self, host):
        self.ip("link", "set", host.name, "nomaster")

    def plug(self, host):
        self.ip("link", "set", host.name, "master", "br0")

    def fetch(self, url):
        """A page as a client on the network gets it, or None."""
        p = subprocess.run(["ip", "netns", "exec", self.netns, "curl", "-sf", "-m", "4", url], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True)
        return p.stdout if p.returncode == 0 else None


class Host(Machine):
    """One machine of a cluster."""

    def __init__(self, cluster, number, name, watchdog):
        self.cluster, self.own_time = cluster, cluster.own_time
        self.number, self.address = number, "%s.%d" % (NET, number)
        super().__init__(name, cluster.build, {}, [], watchdog)
        self.disks = ["own.img"] + [path for path in cluster.disks] + (["backing.img"] if cluster.backing else [])

    def prepare(self, programs):
        self.vmlinuz, modules = full_kernel(self.build)
        make_initramfs(os.path.join(self.dir, "initramfs"), modules_in_order(modules, MODULES), INIT, programs,
                       unpacked(self.build, "busybox-static", "busybox", "bin/busybox"))
        for image, size in [("own.img", 256 << 20)] + ([("backing.img", self.cluster.backing)] if self.cluster.backing else []):
            with open(os.path.join(self.dir, image), "wb") as f:
                f.truncate(size)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-O", "^metadata_csum", os.path.join(self.dir, "own.img")], check=True)
        extra = os.path.join(self.dir, "extra")
        shutil.copytree(os.path.join(HERE, "agents"), os.path.join(extra, "usr/lib/ocf/resource.d/cts"))
        shutil.copy(self.cluster.writer, os.path.join(extra, "usr/lib/ocf/resource.d/cts/.write-records"))
        for place, text in self.cluster.files(self).items():
            self.write_file(place, text)
        self.write_file("etc/boot", BOOT.format(name=self.name, address=self.address))
        self.write_file("etc/hostname", self.name + "\n")
        self.write_file("usr/sbin/modprobe", "#!/bin/sh\nexit 0 # all modules are loaded at the boot\n", 0o755)
        for folder, owner in (("pacemaker", "hacluster"), ("pacemaker/cib", "hacluster"), ("pacemaker/pengine", "hacluster"),
                              ("pacemaker/cores", "hacluster"), ("pacemaker/blackbox", "hacluster"), ("corosync", "root")):
            os.makedirs(os.path.join(extra, "var/lib", folder), exist_ok=True)
            shutil.chown(os.path.join(extra, "var/lib", folder), owner, "haclient")
        os.makedirs(os.path.join(extra, "var/log/pacemaker"))
        shutil.chown(os.path.join(extra, "var/log/pacemaker"), "hacluster", "haclient")

    def write_file(self, place, text, mode=0o644):
        """A file that is in this host alone, before it boots."""
        path = os.path.join(self.dir, "extra", place)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)

    def hardware(self):
        argv = ["-m", "640", "-device", "virtio-serial-pci,id=ports", "-device", "virtserialport,bus=ports.0,nr=1,chardev=shell,name=shell",
                "-netdev", "tap,id=net0,ifname=%s,script=no,downscript=no" % self.name,
                "-device", "virtio-net-pci,netdev=net0,romfile=,mac=52:54:00:99:09:%02x" % self.number]
        for tag, path in (("root", "/"), ("stage", self.cluster.stage), ("extra", os.path.join(self.dir, "extra"))):
            argv += ["-fsdev", "local,id=%s,path=%s,security_model=none,readonly=on,multidevs=remap" % (tag, path),
                     "-device", "virtio-9p-pci,fsdev=%s,mount_tag=%s" % (tag, tag)]
        return argv

    def launcher(self):
        return ["ip", "netns", "exec", self.cluster.switch.netns]

    def kernel_words(self):
        return " watchdog=" + self.watchdog

    # --- the cluster's software ---

    def begin(self):
        """Everything that systemd would start."""
        self.run("corosync && " + self.until("corosync-cmapctl -g runtime.votequorum.this_node_id >/dev/null 2>&1", 60), 60 * PATIENCE)
        self.run("set -a; . /etc/default/sbd; %s sbd -I %d -p /run/sbd.pid watch" % (
            "sbd allocate %s &&" % self.name if "SBD_DEVICE" in self.cluster.sbd else "", self.cluster.watchdog_timeout // 4), 60 * PATIENCE)
        self.run("set -a; . /etc/default/pacemaker; setsid pacemakerd >/var/log/pacemakerd.out 2>&1 &")

    @staticmethod
    def until(test, seconds):
        return "for i in $(seq %d); do %s && break; sleep 0.5; done; %s" % (2 * seconds * PATIENCE, test, test)

    def status(self):
        """crm_mon's XML, or None while there is none."""
        try:
            return ET.fromstring(self.run("crm_mon -1 --output-as=xml 2>/dev/null", 60 * PATIENCE, check=False))
        except ET.ParseError:
            return None

    def log(self, name="pacemaker/pacemaker.log"):
        return self.run("cat /var/log/" + name, 120, check=False)


class Cluster:
    """Hosts that know each other, with shared disks.  A context manager; the machines end with it."""

    def __init__(self, name, build, stage, disks=(), sbd=None, quorum="two_node: 1", votes=(1, 1), backing=0, token=8000,
                 watchdogs=("i6300esb", "softdog"), names=("alpha", "beta"), own_time=False):
        """`disks`: [(name, bytes)] from /dev/vdb on; `backing`: bytes of a disk of each host's own, the last one; `own_time`: see Machine."""
        self.build = os.path.join(os.path.abspath(build), name)
        shutil.rmtree(self.build, ignore_errors=True)
        os.makedirs(self.build)
        for package in ("kernel-full", "busybox"):  # once for all clusters
            os.makedirs(os.path.join(os.path.abspath(build), package), exist_ok=True)
            os.symlink(os.path.join("..", package), os.path.join(self.build, package))
        self.stage = os.path.abspath(stage)
        self.writer = os.path.join(os.path.abspath(build), "../cts/vm/write-records")
        self.disks = []
        for disk, size in disks:
            self.disks.append(os.path.join(self.build, disk + ".img"))
            with open(self.disks[-1], "wb") as f:
                f.truncate(size)
        self.sbd, self.quorum, self.votes, self.backing, self.token = dict(sbd or {}), quorum, votes, backing, token
        self.own_time = own_time
        self.switch = Switch("qv" + name, names)
        self.hosts = [Host(self, i + 1, host, watchdogs[i]) for i, host in enumerate(self.switch.hosts)]

    def files(self, host):
        nodes = "".join("    node {\n        ring0_addr: %s.%d\n        name: %s\n        nodeid: %d\n        quorum_votes: %d\n    }\n"
                        % (NET, i + 1, name, i + 1, self.votes[i]) for i, name in enumerate(self.switch.hosts))
        variables = dict(self.sbd, SBD_WATCHDOG_DEV="/dev/watchdog0", SBD_PACEMAKER="yes", SBD_SYNC_RESOURCE_STARTUP="yes",
                         SBD_STARTMODE="always", SBD_DELAY_START="no")
        settings = "".join("%s=%s\n" % each for each in sorted(variables.items()))
        return {"etc/corosync/corosync.conf": COROSYNC_CONF.format(token=self.token, nodes=nodes, quorum="    %s\n" % self.quorum if self.quorum else ""),
                "etc/hosts": "127.0.0.1 localhost\n" + "".join("%s.%d %s\n" % (NET, i + 1, n) for i, n in enumerate(self.switch.hosts)),
                "etc/default/sbd": settings, "etc/default/pacemaker": settings}

    def __enter__(self):
        self.switch.__enter__()
        try:
            begin = time.monotonic()
            for host in self.hosts:
                host.launch()
            for host in self.hosts:
                host.await_boot(60 * PATIENCE)
            self.set_pace(time.monotonic() - begin)
        except BaseException:
            self.__exit__()
            raise
        return self

    def set_pace(self, boot):
        """The watchdog's time is the longest for which a host may stand still without being at fault: on a busy machine that is long.

        By their own times they hardly do, but then each is behind the other's time at some moments: it counts twice as long as it would have to
        until it takes the other for dead.
        """
        self.watchdog_timeout = round(min(max(10, 10 * boot / IDLE_BOOT), 20 if self.own_time else 40))
        self.msgwait = (4 if self.own_time else 2) * self.watchdog_timeout
        self.say("boot in %.0f s, watchdog timeout %d s" % (boot, self.watchdog_timeout))
        for host in self.hosts:
            host.run("echo SBD_WATCHDOG_TIMEOUT=%d | tee -a /etc/default/sbd >>/etc/default/pacemaker" % self.watchdog_timeout)

    def say(self, text):
        """A figure for whoever reads; other clusters talk at the same time."""
        print("    (%s: %s)" % (self.switch.netns, text), flush=True)

    def __exit__(self, *_):
        for host in self.hosts:
            host.stop()
        self.switch.__exit__()

    def start(self):
        self.on_both(lambda host: host.begin())
        self.wait_online()

    def on_both(self, function):
        """At the same time: each waits mostly for its own machine."""
        errors = []

        def one(host):
            try:
                function(host)
            except Exception as e:
                errors.append(e)
        threads = [threading.Thread(target=one, args=(host,)) for host in self.hosts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    def restart(self, host):
        """A host that was reset boots again and comes back."""
        host.start(60 * PATIENCE)
        host.begin()
        self.wait_online()

    def whole(self):
        """What a story that failed has left behind is mended: links, machines that are off."""
        for host in self.hosts:
            self.switch.plug(host)
        for host in self.hosts:
            if not (host.ready and host.is_alive()):
                host.stop()
                self.restart(host)

    def alive(self):
        return [h for h in self.hosts if h.ready and h.is_alive()]

    def wait(self, what, predicate, timeout):
        """Asks no more often than that a machine has most of its time for its work: a question may cost a slow one seconds."""
        begin = asked = time.monotonic()
        while not predicate():
            now = time.monotonic()
            if now - begin > timeout * PATIENCE:
                raise VmError("not within %d s: %s" % (timeout * PATIENCE, what))
            time.sleep(max(0.5, 3 * (now - asked)))
            asked = time.monotonic()
        return time.monotonic() - begin

    def wait_online(self, timeout=90):
        def online():
            status = self.alive()[0].status()
            nodes = [] if status is None else status.findall("./nodes/node")
            return len(nodes) == len(self.hosts) and all(
                e.get("online") == "true" and e.get("pending") != "true" and e.get("unclean") != "true" for e in nodes)
        return self.wait("both machines are online", online, timeout)

    def wait_idle(self):
        self.alive()[0].run("crm_resource --wait --timeout=%d" % (60 * PATIENCE), 70 * PATIENCE)

    def configure(self, xml):
        """Put a section into the configuration."""
        root = ET.fromstring(xml)
        self.alive()[0].run("cibadmin --modify --allow-create --scope %s --xml-pipe <<'END'\n%s\nEND" % (root.tag, xml), 60 * PATIENCE)

    def options(self, **options):
        """Into the set that front ends and crm_attribute change, too: of two values of a property neither would count for all."""
        options["load_threshold"] = "2000%"  # an emulated machine always looks busy
        self.configure("<crm_config><cluster_property_set id='cib-bootstrap-options'>%s</cluster_property_set></crm_config>" % "".join(
            "<nvpair id='cib-bootstrap-options-%s' name='%s' value='%s'/>" % (n, n, v) for n, v in (
                (name.replace("_", "-"), value) for name, value in options.items())))

    def where(self, resource, role=None):
        """Names of the hosts on which a resource is active, as the first one alive tells it."""
        if not self.alive():
            raise VmError("no machine is alive: " + ", ".join("%s ended by %s" % (h.name, h.why_ended()) for h in self.hosts))
        status = self.alive()[0].status()
        if status is None:
            return []
        return sorted(node.get("name") for r in status.iter("resource") if r.get("id").split(":")[0] == resource and r.get("active") == "true"
                      and (role is None or r.get("role") == role) for node in r.findall("node"))

    def home(self, resource, role=None, timeout=60):
        """The one host on which it is active, once it is."""
        self.wait("%s is active" % resource, lambda: len(self.where(resource, role)) == 1, timeout)
        return self.named(self.where(resource, role)[0])

    def named(self, name):
        return [h for h in self.hosts if h.name == name][0]

    def other(self, host):
        return [h for h in self.hosts if h is not host][0]

    def save_logs(self):
        """Where the logs of both are: consoles always, the cluster's of those that are alive."""
        for host in self.alive():
            try:
                text = host.log()
            except (VmError, OSError) as e:  # it may just be resetting
                text = str(e)
            with open(os.path.join(host.dir, "pacemaker.log"), "w") as f:
                f.write(text)
        return self.build
