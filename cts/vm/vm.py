# SPDX-License-Identifier: GPL-2.0-or-later
"""Real machines for what namespaces cannot show: QEMU with a kernel of Debian's, a watchdog driver and shared disks.

The kernel's package, and busybox, are downloaded and unpacked into the build folder, never installed.  The initramfs is made here: busybox, the
modules that are needed, the programs under test with their libraries.  Each machine has a shell on its second serial port, over
which run() works; the first one and the system log go into a file.
"""
import glob
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import threading
import time

MODULES = ("virtio_pci", "virtio_blk")
QEMU = "qemu-system-x86_64"
LOCK = threading.Lock()  # of the downloads

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /run /tmp /var/lib/pacemaker/cores
for m in %s; do insmod /modules/$m.ko; done
hostname $name
ip link set lo up
exec 3</dev/ttyS1  # stays open: nothing that was sent gets lost, and the mode of the line stays
stty -F /dev/ttyS1 raw -echo
setsid syslogd -n -O /dev/ttyS0 &
(sleep 0.2; echo READY >/dev/ttyS1) &
while :; do cat /dev/ttyS1 | sh >/dev/ttyS1 2>&1; done  # no terminal: the shell neither prompts nor edits lines
"""


class VmError(Exception):
    pass


class Unavailable(Exception):
    """Machines cannot be had here; the text says why."""


# --- kernel and initramfs ---

def unpacked(folder, package, place, wanted):
    """A file of a package, which is downloaded once and unpacked into a folder, never installed."""
    with LOCK:
        return found_or_unpacked(folder, package, place, wanted)


def found_or_unpacked(folder, package, place, wanted):
    found = glob.glob(os.path.join(folder, place, wanted))
    if found:
        return found[0]
    os.makedirs(folder, exist_ok=True)
    p = subprocess.run(["apt-get", "-qq", "download", package], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    packages = glob.glob(os.path.join(folder, package + "_*.deb"))
    if p.returncode != 0 or not packages:
        raise Unavailable("%s cannot be downloaded: %s" % (package, p.stdout.strip()[-200:]))
    subprocess.run(["dpkg-deb", "-x", packages[0], os.path.join(folder, place)], check=True)
    for each in packages:
        os.unlink(each)
    found = glob.glob(os.path.join(folder, place, wanted))
    if not found:
        raise Unavailable("%s has no %s" % (package, wanted))
    return found[0]


def kernel(folder, package="linux-image-cloud-amd64", place="kernel"):
    """(vmlinuz, folder of modules) of the kernel that a package depends on."""
    found = glob.glob(os.path.join(folder, place, "boot/vmlinuz-*"))
    if not found:
        p = subprocess.run(["apt-cache", "depends", package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        m = re.search(r"Depends: (linux-image-\S+)", p.stdout)
        if not m:
            raise Unavailable("apt knows no kernel (%s)" % package)
        found = [unpacked(folder, m.group(1), place, "boot/vmlinuz-*")]
    release = os.path.basename(found[0]).split("vmlinuz-", 1)[1]
    for modules in ("lib/modules", "usr/lib/modules"):
        path = os.path.join(folder, place, modules, release)
        if os.path.isdir(path):
            return found[0], path
    raise Unavailable("the kernel's package has no modules")


def full_kernel(folder):
    return kernel(folder, "linux-image-amd64", "kernel-full")


def modules_in_order(folder, wanted):
    """{name: file} of the modules and of what they need, each behind what it needs."""
    found = {}

    def add(name, needed_by):
        files = glob.glob(os.path.join(folder, "**", re.sub("[-_]", "[-_]", name) + ".ko"), recursive=True)
        if not files:
            raise Unavailable("the kernel has no module %s%s" % (name, needed_by))
        if name not in found:
            with open(files[0], "rb") as f:
                needs = re.search(rb"\0depends=([^\0]*)\0", f.read())
            for each in needs.group(1).decode().split(",") if needs else ():
                if each:
                    add(each, ", which %s needs" % name)
            found[name] = files[0]
    for name in wanted:
        add(name, "")
    return found


def libraries(program):
    out = subprocess.run(["ldd", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return re.findall(r"(/\S+) \(0x", out)


class Cpio:
    """An archive in the kernel's format (newc)."""

    def __init__(self, path):
        self.f = open(path, "wb")
        self.number = 0
        self.made = set()

    def entry(self, name, mode, data=b"", device=(0, 0)):
        self.number += 1
        head = "070701" + "".join("%08X" % v for v in (self.number, mode, 0, 0, 1, 0, len(data), 0, 0, device[0], device[1], len(name) + 1, 0))
        head = head.encode() + name.encode() + b"\0"
        self.f.write(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))

    def folder(self, name):
        parts = name.strip("/").split("/")
        for i in range(1, len(parts) + 1):
            path = "/".join(parts[:i])
            if path and path not in self.made:
                self.made.add(path)
                self.entry(path, stat.S_IFDIR | 0o755)

    def file(self, name, source=None, data=None, mode=0o755):
        name = name.lstrip("/")
        if name in self.made:
            return
        self.made.add(name)
        self.folder(os.path.dirname(name))
        if data is None:
            with open(source, "rb") as f:
                data = f.read()
        self.entry(name, stat.S_IFREG | mode, data)

    def close(self):
        self.entry("TRAILER!!!", 0)
        self.f.close()


def make_initramfs(path, modules, init, programs, busybox):
    """`modules`: {name: file}; `init`: the first program, in which %s is the modules' names; `programs`: {place in the machine: file here}."""
    a = Cpio(path)
    for folder in ("proc", "sys", "dev", "bin", "sbin", "usr/sbin", "usr/bin", "etc", "var/log"):
        a.folder(folder)
    a.entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    a.file("bin/busybox", busybox)
    a.file("init", data=(init % " ".join(modules)).encode())
    for name, source in modules.items():
        a.file("modules/%s.ko" % name, source, mode=0o644)
    for place, source in programs.items():
        a.file(place, source)
        for lib in libraries(source):
            a.file(lib, os.path.realpath(lib))
    a.close()


# --- a machine ---

class Machine:
    """One QEMU process; a context manager.  It ends at the first reset or power off, and `end` tells which it was.

    With `own_time` its time is what it has computed, or the world's while it waits: one that gets little of a processor is slow in everything
    alike, and does not find its own programs late.  But then the times of two machines differ.  It stands back behind those that cannot wait.
    """
    own_time = False

    def __init__(self, name, build, programs, disks=(), watchdog="softdog"):
        """`watchdog`: "softdog", which needs the machine's processor, or "i6300esb", a chip: it counts QEMU's time, whatever the processor does."""
        self.name, self.build, self.watchdog = name, build, watchdog
        self.dir = os.path.join(build, name)
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        if shutil.which(QEMU) is None:
            raise Unavailable("no %s (package qemu-system-x86)" % QEMU)
        self.prepare(programs)
        self.disks = list(disks)
        self.process = self.shell = self.qmp = None
        self.ready = False
        self.events = b""

    def prepare(self, programs):
        """Kernel and initramfs.  The small kernel has no drivers of chips."""
        self.vmlinuz, modules = kernel(self.build) if self.watchdog == "softdog" else full_kernel(self.build)
        make_initramfs(os.path.join(self.dir, "initramfs"), modules_in_order(modules, MODULES + (self.watchdog,)), INIT, programs,
                       unpacked(self.build, "busybox-static", "busybox", "bin/busybox"))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, timeout=600):
        try:
            self.launch()
            self.await_boot(timeout)
        except BaseException:
            self.stop()
            raise

    def launch(self):
        # It dies with the test program, however that ends.
        self.ready, self.events = False, b""
        argv = self.launcher() + (["nice", "-n", "5"] if self.own_time else []) + ["setpriv", "--pdeathsig", "KILL", QEMU, "-machine", "q35", "-cpu", "qemu64", "-accel", "tcg,thread=single,tb-size=128",
                "-nographic", "-nodefaults", "-no-reboot",
                "-kernel", self.vmlinuz, "-initrd", "initramfs",
                "-append", "console=ttyS0 quiet rdinit=/init panic=-1 clocksource=hpet tsc=unstable no_timer_check mitigations=off name=" + self.name + self.kernel_words(),
                "-chardev", "file,id=console,path=console,append=on", "-serial", "chardev:console", "-chardev", "socket,id=shell,path=shell,server=on,wait=off",
                "-qmp", "unix:qmp,server=on,wait=off"] + self.hardware() + self.chips()
        if self.own_time:
            argv += ["-icount", "shift=2,sleep=on"]
        for i, disk in enumerate(self.disks):
            argv += ["-drive", "if=none,id=disk%d,format=raw,cache=none,file.locking=off,file=%s" % (i, disk),
                     "-device", "virtio-blk-pci,drive=disk%d,share-rw=on,id=virtio%d" % (i, i)]
        with open(os.path.join(self.dir, "qemu.log"), "w") as log:
            # A session of its own: between those the kernel may share the processors out, whatever else the test program's has to do.
            self.process = subprocess.Popen(argv, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.qmp = self.connect("qmp")
        self.shell = self.connect("shell")

    def await_boot(self, timeout):
        self.read_until(b"READY", timeout, self.shell)
        self.ready = True
        self.command("qmp_capabilities")

    def hardware(self):
        """What this kind of machine has."""
        return ["-m", "256", "-serial", "chardev:shell"]

    def chips(self):
        return ["-device", "i6300esb"] if self.watchdog == "i6300esb" else []

    def launcher(self):
        """What QEMU is started by."""
        return []

    def kernel_words(self):
        """More for the kernel's command line."""
        return ""

    def connect(self, name):
        end = time.monotonic() + 10
        folder = os.open(self.dir, os.O_PATH)  # its path may be too long for a socket's address
        try:
            while True:
                s = socket.socket(socket.AF_UNIX)
                try:
                    s.connect("/proc/self/fd/%d/%s" % (folder, name))
                    return s
                except OSError:
                    s.close()
                    if self.process.poll() is not None or time.monotonic() > end:
                        with open(os.path.join(self.dir, "qemu.log")) as f:
                            raise VmError("%s does not start: %s" % (self.name, f.read()[-500:]))
                    time.sleep(0.05)
        finally:
            os.close(folder)

    def read_until(self, mark, timeout, s):
        """What came until the pattern.  The emulated line sometimes holds the last bytes back until more come: an empty one helps."""
        got, end = b"", time.monotonic() + timeout
        while not re.search(mark, got):
            s.settimeout(0.5)
            try:
                data = s.recv(65536)
            except socket.timeout:
                if time.monotonic() > end:
                    raise VmError("%s: no answer within %d s; got %r" % (self.name, timeout, got[-300:]))
                self.poke(s)
                continue
            except OSError:
                data = b""
            if not data:
                raise VmError("%s is gone; last words %r" % (self.name, got[-300:]))
            got += data
        return got

    def poke(self, s):
        if s is self.shell and self.ready:
            try:
                s.send(b"\n")
            except OSError:
                pass

    def run(self, command, timeout=600, check=True):
        """Run a shell command in the machine; returns its output."""
        try:
            self.shell.sendall(("( %s\n) </dev/null; echo @@$?@@\n" % command).encode())
        except OSError as e:
            raise VmError("%s is gone: %s" % (self.name, e))
        text = self.read_until(rb"@@\d+@@", timeout, self.shell).decode(errors="replace").replace("\r", "")
        out, rc = re.match(r"\n?(.*)@@(\d+)@@", text, re.S).groups()  # the end of the answer before may still be there
        if check and rc != "0":
            raise VmError("%s: %s: exit %s: %s" % (self.name, command, rc, out.strip()))
        return out

    def send(self, command):
        """The same without waiting for anything.  Empty lines behind it are what an emulated line may hold back (see read_until)."""
        self.shell.sendall((command + "\n" * 33).encode())

    def command(self, name, **arguments):
        """A command of QEMU's own."""
        self.qmp.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        got = self.read_until(rb'"(return|error)":[^\n]*\n', 10, self.qmp)
        self.events += got
        if b'"error":' in got:
            raise VmError("%s: %s: %s" % (self.name, name, got.decode(errors="replace")))

    def wait_end(self, timeout):
        """Seconds until the machine ended by itself; see why_ended()."""
        begin = time.monotonic()
        while self.process.poll() is None:
            if time.monotonic() - begin > timeout:
                raise VmError("%s is still alive after %.1f s\n%s" % (self.name, timeout, self.console()[-1500:]))
            self.poke(self.shell)
            time.sleep(0.05)
        return time.monotonic() - begin

    def why_ended(self):
        """ "guest-reset", "guest-shutdown", "guest-panic", ..."""
        self.qmp.settimeout(1)
        try:
            while True:
                data = self.qmp.recv(65536)
                if not data:
                    break
                self.events += data
        except OSError:
            pass
        found = re.findall(rb'"reason": "([a-z-]+)"', self.events)
        return found[-1].decode() if found else None

    def watchdog_bit(self):
        """It was the watchdog that reset it: the chip tells QEMU, softdog the console."""
        self.why_ended()
        return b'"event": "WATCHDOG"' in self.events or "softdog: Initiating system reboot" in self.console()

    def is_alive(self):
        return self.process.poll() is None

    def console(self):
        with open(os.path.join(self.dir, "console"), errors="replace") as f:
            return f.read()

    def stop(self):
        for s in (self.shell, self.qmp):
            if s is not None:
                s.close()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait()
