# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian trees to install packages in: made by debootstrap in the build folder, entered in namespaces of their own.

Used by the suites of the packages and of the units.  Changes nothing of the machine; what runs in a tree ends with the command that entered it.
"""
import hashlib
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.realpath(os.path.join(HERE, "../.."))
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
SOURCES = """deb {m} bookworm main
deb {m} bookworm-updates main
"""
# What a server has, and what the tests look with.  The rest is fetched once, so that installing it takes seconds.
SYSTEM = "systemd-sysv dbus procps iproute2 python3 logrotate"
FETCHED = ("pacemaker pacemaker-cli-utils sbd crmsh pcs resource-agents fence-agents corosync nginx-light curl iputils-arping"
           " libxslt1.1 libstonithd26 libxml2-utils")
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/root", "TERM": "dumb", "DEBIAN_FRONTEND": "noninteractive"}


class TreeError(Exception):
    pass


def run(argv, timeout=1200, check=True, **kw):
    """(exit status, output of both kinds)."""
    p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                       timeout=timeout, **kw)
    if check and p.returncode != 0:
        raise TreeError("%s: exit %d: %s" % (" ".join(argv)[:300], p.returncode, p.stdout.strip()[-1500:]))
    return p.returncode, p.stdout


def source_files():
    """The files of the source: what git knows, or what an unpacked source package says of itself."""
    if os.path.exists(os.path.join(TOP, ".git")):
        names = run(["git", "-C", TOP, "ls-files"])[1].split("\n")
    else:
        with open(os.path.join(TOP, "MANIFEST")) as f:
            names = f.read().split("\n")
    return [n for n in names if n and os.path.lexists(os.path.join(TOP, n))]


def copy_source(target):
    """A copy of the source at `target`; returns a digest of what packages are made from."""
    digest = hashlib.sha256()
    shutil.rmtree(target, ignore_errors=True)
    for name in source_files():
        place = os.path.join(target, name)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        shutil.copy2(os.path.join(TOP, name), place, follow_symlinks=False)
        if name.startswith("cts/"):
            continue  # in no package
        digest.update(name.encode() + b"\0")
        if not os.path.islink(place):
            with open(place, "rb") as f:
                digest.update(f.read())
    return digest.hexdigest()


def build_packages(folder):
    """Build the binary packages of this source, unless that was done before; returns their folder."""
    out = os.path.join(folder, "debs")
    digest = copy_source(os.path.join(folder, "debs.new", "source"))
    stamp = os.path.join(out, "digest")
    if os.path.exists(stamp) and open(stamp).read() == digest:
        shutil.rmtree(os.path.join(folder, "debs.new"))
        return out
    shutil.rmtree(out, ignore_errors=True)
    os.rename(os.path.join(folder, "debs.new"), out)
    env = dict(os.environ, PATH="/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin", DEB_BUILD_OPTIONS="nocheck parallel=%d" % os.cpu_count())
    with open(os.path.join(out, "build.log"), "w") as log:
        p = subprocess.run(["dpkg-buildpackage", "-us", "-uc", "-b"], cwd=os.path.join(out, "source"), env=env, stdin=subprocess.DEVNULL,
                           stdout=log, stderr=subprocess.STDOUT, timeout=3600)
    if p.returncode != 0:
        with open(os.path.join(out, "build.log"), errors="replace") as log:
            raise TreeError("dpkg-buildpackage: exit %d:\n%s" % (p.returncode, log.read()[-2000:]))
    with open(stamp, "w") as f:
        f.write(digest)
    return out


class Tree:
    """One Debian tree."""

    def __init__(self, path):
        self.path = path

    def file(self, name):
        return os.path.join(self.path, name.lstrip("/"))

    def exists(self, name):
        return os.path.lexists(self.file(name))

    def read(self, name):
        with open(self.file(name), errors="replace") as f:
            return f.read()

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.file(name)), exist_ok=True)
        with open(self.file(name), "w") as f:
            f.write(text)
        os.chmod(self.file(name), mode)

    def sh(self, text, check=True, timeout=1200, bind=None):
        """Run a shell script with the tree as the machine; returns its output, or (status, output) without check."""
        env = dict(ENVIRONMENT)
        if bind:
            env["BIND"] = "%s %s" % bind
        rc, out = run([os.path.join(HERE, "enter"), self.path, "sh", "-c", text], timeout=timeout, check=False, env=env)
        if check and rc != 0:
            raise TreeError("exit %d of:\n%s\n%s" % (rc, text, out.strip()[-2500:]))
        return out if check else (rc, out)

    def add_repository(self, debs):
        """The built packages become one of apt's sources."""
        place = self.file("repository")
        os.makedirs(place, exist_ok=True)
        for name in os.listdir(debs):
            if name.endswith(".deb") and "dbgsym" not in name:
                shutil.copy(os.path.join(debs, name), place)
        packages = subprocess.run(["dpkg-scanpackages", "-m", "."], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        with open(os.path.join(place, "Packages"), "wb") as f:
            f.write(packages)
        self.write("etc/apt/sources.list.d/quorate.list", "deb [trusted=yes] file:/repository ./\n")
        self.sh("apt-get -qq update -o Dir::Etc::sourcelist=sources.list.d/quorate.list -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0")

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Trees:
    """The base tree, made once and kept, and copies of it."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder, exist_ok=True)

    def base(self):
        path = os.path.join(self.folder, "base")
        ready = os.path.join(self.folder, "base.ready")
        want = "%s\n%s\n" % (SYSTEM, FETCHED)
        if os.path.exists(ready) and open(ready).read() == want:
            return path
        shutil.rmtree(path, ignore_errors=True)
        run(["debootstrap", "--variant=minbase", "bookworm", path, MIRROR])
        tree = Tree(path)
        tree.write("etc/dpkg/dpkg.cfg.d/quick", "force-unsafe-io\n")
        tree.write("etc/apt/sources.list", SOURCES.format(m=MIRROR))
        tree.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)  # nothing is started unless a test boots the tree
        tree.write("etc/hosts", "127.0.0.1 localhost\n")
        shutil.copy("/etc/resolv.conf", tree.file("etc/resolv.conf"))
        tree.sh("apt-get -qq update && apt-get -qq install -y --no-install-recommends %s"
                " && apt-get -qq install -y --no-install-recommends --download-only %s" % (SYSTEM, FETCHED))
        with open(ready, "w") as f:
            f.write(want)
        return path

    def copy(self, name):
        """A fresh tree."""
        tree = Tree(os.path.join(self.folder, name))
        base = self.base()
        tree.remove()
        run(["cp", "-a", "--reflink=auto", base, tree.path])
        return tree
