#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""First process of a lab node: dresses the namespaces up as a host of their own, then reaps orphans.

Started by lab.py inside new mount, uts, ipc, pid and net namespaces with the node's configuration file as
argument.  Never touches anything outside its namespaces except the node's own directory.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import time

HIDDEN = "/run/.host"  # what the machine itself has below the places that the stack covers
STORAGE_CONF = """[storage]
driver = "vfs"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
"""
CONTAINERS_CONF = """[containers]
cgroups = "disabled"
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "crun"
"""


def run(*argv):
    subprocess.run(argv, check=True)


def bind(source, target):
    run("mount", "--bind", source, target)


def tmpfs(target, options="mode=0755"):
    run("mount", "-t", "tmpfs", "-o", options, "tmpfs", target)


def hide(path):
    """Keep the machine's own directory reachable below HIDDEN before it is covered."""
    keep = HIDDEN + path
    os.makedirs(keep, exist_ok=True)
    if os.path.isdir(path):
        bind(path, keep)
    return keep


def cover_file(source, target):
    """Put a file at a place in a tmpfs; a bind, so that /proc/PID/exe shows the installed path."""
    if os.path.lexists(target):
        os.unlink(target)
    open(target, "w").close()
    bind(source, target)


def merge_directory(path, sources):
    """Cover `path` by the machine's entries (as links) with the files of `sources` in front of them."""
    keep = hide(path)
    tmpfs(path)
    for name in os.listdir(keep):
        os.symlink(os.path.join(keep, name), os.path.join(path, name))
    for source in sources:
        for name in os.listdir(source):
            full = os.path.join(source, name)
            if os.path.isfile(full):
                cover_file(os.path.realpath(full), os.path.join(path, name))


def replace_directory(path, source):
    keep = hide(path)
    if source is None:
        tmpfs(path)
    else:
        bind(source, path)
    return keep


def install_stack(cfg):
    """Cover the machine's cluster stack by the staged one; single daemons may stay the machine's."""
    stage = cfg.get("stage")
    if stage or cfg.get("power"):
        merge_directory("/usr/sbin", [stage + "/usr/sbin"] if stage else [])
    for name in ("fence_lab", "fence_lab_fabric") if cfg.get("power") else ():
        cover_file(os.path.join(os.path.dirname(os.path.abspath(__file__)), "fence_lab"), "/usr/sbin/" + name)
    if not stage:
        return
    keep = replace_directory("/usr/lib/pacemaker", None)
    for name in sorted(set(os.listdir(stage + "/usr/lib/pacemaker")) | set(cfg["debian_daemons"])):
        place = keep if name in cfg["debian_daemons"] else stage + "/usr/lib/pacemaker"
        cover_file(os.path.join(place, name), "/usr/lib/pacemaker/" + name)
    for path in ("/usr/share/pacemaker", "/usr/lib/ocf/resource.d/pacemaker"):
        if os.path.isdir(stage + path):
            replace_directory(path, stage + path)
    plugins = "/usr/lib/stonith/plugins/external"
    if os.path.isdir(plugins) and os.path.isdir(stage + plugins):
        merge_directory(plugins, [stage + plugins])
    for name in cfg["debian_programs"]:
        cover_file(HIDDEN + "/usr/sbin/" + name, "/usr/sbin/" + name)


def own_state(cfg):
    """Directories that belong to this host alone; those below the node's directory survive a restart."""
    for path, sub in (("/var/lib/pacemaker", "lib"), ("/var/log", "log"), ("/etc/corosync", "corosync"),
                      ("/var/lib/corosync", "corosync-lib"), ("/etc/default", "default"), ("/srv", "srv")):
        bind(os.path.join(cfg["dir"], sub), path)
    bind(os.path.join(cfg["dir"], "hosts"), "/etc/hosts")
    if cfg.get("power"):  # the way to the lab's power switches
        os.makedirs("/run/.lab")
        bind(cfg["power"], "/run/.lab")
    tmpfs("/dev/shm", "mode=1777")
    tmpfs("/tmp", "mode=1777")


def container_host(cfg):
    """podman with storage of this host's own; neither cgroups nor a journal are needed."""
    if not cfg.get("containers"):
        return
    bind(os.path.join(cfg["dir"], "containers"), "/var/lib/containers")
    tmpfs("/etc/pacemaker")
    with open("/etc/pacemaker/authkey", "w") as f:
        f.write("of all hosts" * 100)
    os.chmod("/etc/pacemaker/authkey", 0o640)
    run("chown", "root:haclient", "/etc/pacemaker/authkey")
    policy = open("/etc/containers/policy.json").read()
    tmpfs("/etc/containers")
    for name, text in (("policy.json", policy), ("storage.conf", STORAGE_CONF), ("containers.conf", CONTAINERS_CONF)):
        with open("/etc/containers/" + name, "w") as f:
            f.write(text)
    if os.path.exists("/sys/fs/cgroup") and not os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        run("mount", "-t", "cgroup2", "-o", "ro", "cgroup2", "/sys/fs/cgroup")  # crun wants to see it
    if isinstance(cfg["containers"], str):
        other, place = cfg["containers"], "/usr/sbin/pacemaker-remoted"  # what replicas run is another's
        (bind if os.path.isfile(place) and not os.path.islink(place) else cover_file)(other, place)


def own_devices(cfg):
    """A /dev with nothing of the machine's hardware but the disks that are given, and a system log of its own."""
    if not cfg.get("disks"):
        return
    found = {}
    for path in ["/dev/" + n for n in ("null", "zero", "full", "random", "urandom", "tty")] + cfg["disks"]:
        found[path] = os.stat(path)
    pts = os.open("/dev/pts", os.O_PATH)
    tmpfs("/dev")
    for path, st in found.items():
        os.mknod(path, st.st_mode | 0o666, st.st_rdev)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2"), ("ptmx", "pts/ptmx")):
        os.symlink(target, "/dev/" + name)
    os.makedirs("/dev/shm")
    tmpfs("/dev/shm", "mode=1777")
    os.makedirs("/dev/pts")
    run("mount", "--no-canonicalize", "--bind", "/proc/%d/fd/%d" % (os.getpid(), pts), "/dev/pts")
    os.close(pts)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind("/dev/log")
    os.chmod("/dev/log", 0o666)
    if os.fork() == 0:
        keep_log(listener)


def keep_log(listener):
    """The node's system log: a line a message, with the time in front, in /var/log/syslog."""
    with open(os.path.join("/var/log", "syslog"), "a", errors="replace") as f:
        while True:
            text = listener.recv(65536).decode(errors="replace")
            now = time.time()
            f.write("%s.%03d %s\n" % (time.strftime("%H:%M:%S", time.localtime(now)), now % 1 * 1000, text.split(">", 1)[-1].strip()))
            f.flush()


def main():
    with open(sys.argv[1]) as f:
        cfg = json.load(f)
    run("mount", "-t", "proc", "proc", "/proc")
    for path in ("/proc/sysrq-trigger", "/proc/sys/kernel/sysrq"):
        if os.path.exists(path):
            bind("/dev/null", path)  # a node that resets itself must not take the machine along
    shared = cfg["keep_visible"]  # /run and /tmp are covered; what tests need of them stays reachable
    held = [os.open(path, os.O_PATH) for path in shared]
    tmpfs("/run")
    os.makedirs("/run/lock", exist_ok=True)
    run("hostname", cfg["name"])
    install_stack(cfg)
    for target, source in cfg.get("programs", {}).items():
        bind(source, target)  # single programs of the other stack
    own_state(cfg)
    container_host(cfg)
    own_devices(cfg)
    for fd, path in zip(held, shared):
        if not os.path.exists(path):
            os.makedirs(path)
            run("mount", "--no-canonicalize", "--bind", "/proc/%d/fd/%d" % (os.getpid(), fd), path)
        os.close(fd)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with open(os.path.join(cfg["dir"], "ready"), "w") as f:
        f.write("1")
    while True:
        try:
            os.wait()
        except ChildProcessError:
            signal.sigtimedwait([signal.SIGCHLD], 1)


if __name__ == "__main__":
    main()
