# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories of crmsh, unmodified, that sets SBD up on a machine with a real watchdog: `crm cluster init sbd` with a disk and without.

One machine is the cluster; crmsh reaches it through ssh, as it reaches every member.  systemctl is the lab's (cts/lab/systemctl): no systemd runs
here.  Told by `run --long`.
"""
import os
import re
import subprocess
import time

from full_stack import INQUISITOR, SBD_DEVICE
from host import HERE, PATIENCE, Cluster
from results import Skip

WATCHDOG_DEVICE = "/dev/watchdog0"
SSHD = """PermitRootLogin yes
UsePAM no
StrictModes no
Subsystem sftp internal-sftp
SetEnv SYSTEMCTL_PATIENCE=%d PATH=/usr/sbin:/usr/bin:/sbin:/bin
""" % (60 * PATIENCE)
SERVICES = """export SYSTEMCTL_PATIENCE=%d
mkdir -p /run/sshd /srv /var/log/crmsh && chmod 700 /root/.ssh && chmod 600 /root/.ssh/*
[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
systemctl start ssh && systemctl start pacemaker""" % (60 * PATIENCE)


class SoloCluster(Cluster):
    """One machine that knows nothing of sbd yet; its programs are started by systemctl."""

    def files(self, host):
        key = os.path.join(self.build, "id_ed25519")
        if not os.path.exists(key):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        texts = {}
        for place, source in (("root/.ssh/id_ed25519", key), ("root/.ssh/authorized_keys", key + ".pub"),
                              ("usr/share/fillup-templates/sysconfig.sbd", os.path.join(self.stage, "etc/default/sbd"))):
            with open(source) as f:
                texts[place] = f.read()
        found = dict(super().files(host), **texts)
        return dict(found, **{"etc/default/sbd": "", "etc/default/pacemaker": "", "root/.ssh/config": "StrictHostKeyChecking no\nLogLevel ERROR\n", "etc/ssh/sshd_config": SSHD})

    def set_pace(self, boot):
        """crmsh has the watchdog's time in its profile, and derives msgwait."""
        super().set_pace(boot)
        self.msgwait = 2 * self.watchdog_timeout
        for host in self.hosts:
            host.run("for f in sbd pacemaker; do : >/etc/default/$f; done; mkdir -p /etc/crm; printf 'default:\\n  sbd.watchdog_timeout: %d\\n' >/etc/crm/profiles.yml" % self.watchdog_timeout)

    def restart(self, host):
        host.start(60 * PATIENCE)
        begin_services(host)
        self.wait_online()


def begin_services(host):
    host.run(SERVICES, 70 * PATIENCE)


def crm(host, words):
    """What it says; a failure is one."""
    return host.run("export SYSTEMCTL_PATIENCE=%d; crm %s 2>&1" % (60 * PATIENCE, words), 180 * PATIENCE)


def titles(host):
    return sorted(re.sub(r" - slot.*", "", line) for line in host.run("ps -eo args").splitlines() if line.startswith("sbd: "))


def setting(host, name):
    return host.run("crm_attribute --type crm_config --name %s --query --quiet" % name, 60 * PATIENCE).strip()


def configured(host):
    """Variables of the configuration file."""
    return dict(line.split("=", 1) for line in host.run("grep -E '^[A-Z_]+=' /etc/default/sbd").splitlines())


def wait_started(cluster, host, expected):
    cluster.wait("sbd runs with its watchers", lambda: titles(host) == sorted(expected), 60)
    cluster.wait_online()
    cluster.wait("the cluster knows of the watchdog", lambda: setting(host, "have-watchdog") == "true", 60)


# --- stories ---

def crm_cluster_init_sbd_sets_up_a_disk(cluster):
    """Formatted, configured, restarted, a fence device made: and then sbd really guards the machine."""
    alpha, = cluster.hosts
    said = crm(alpha, "cluster init sbd -s %s -w %s -y" % (SBD_DEVICE, WATCHDOG_DEVICE))
    assert "Initializing SBD" in said and "ERROR" not in said, said
    dump = alpha.run("sbd -d %s dump" % SBD_DEVICE)
    for name, seconds in (("watchdog", cluster.watchdog_timeout), ("msgwait", cluster.msgwait)):
        assert re.search(r"^Timeout \(%s\) +: %d$" % (name, seconds), dump, re.M), dump
    got = configured(alpha)
    assert got["SBD_DEVICE"].strip('"') == SBD_DEVICE and got["SBD_WATCHDOG_DEV"] == WATCHDOG_DEVICE, got
    assert got["SBD_WATCHDOG_TIMEOUT"] == str(cluster.watchdog_timeout) and "SBD_SYNC_RESOURCE_STARTUP" in got, got
    cluster.say("SBD_DELAY_START=%s" % got["SBD_DELAY_START"])
    wait_started(cluster, alpha, ["sbd: inquisitor", "sbd: watcher: Cluster", "sbd: watcher: Pacemaker", "sbd: watcher: " + SBD_DEVICE])
    slots = alpha.run("sbd -d %s list" % SBD_DEVICE)
    assert re.search(r"^\d+\talpha\tclear\t$", slots, re.M), repr(slots)
    assert setting(alpha, "stonith-enabled") == "true", setting(alpha, "stonith-enabled")
    assert int(setting(alpha, "stonith-timeout").rstrip("s")) >= 1.2 * cluster.msgwait, setting(alpha, "stonith-timeout")
    cluster.wait("the fence device is started", lambda: cluster.where("stonith-sbd") == ["alpha"], 60)
    check = alpha.run("set -a; . /etc/default/sbd; sbd check", 60 * PATIENCE, check=False)
    assert " 0 error(s)" in " " + check, check
    alpha.send("kill -9 %s" % INQUISITOR)
    took = alpha.wait_end((cluster.msgwait + cluster.watchdog_timeout) * PATIENCE)
    assert alpha.why_ended() == "guest-reset", alpha.why_ended()
    cluster.say("reset after %.1f s" % took)


def crm_cluster_init_sbd_sets_up_diskless_mode(cluster):
    alpha, = cluster.hosts
    if titles(alpha):  # the story before this one: what an administrator would take back
        crm(alpha, "resource stop stonith-sbd")
        cluster.wait_idle()
        crm(alpha, "configure delete stonith-sbd")
        crm(alpha, "cluster stop")
        alpha.run("systemctl disable sbd; ! pgrep -x sbd")
        crm(alpha, "cluster start")
        cluster.wait_online()
    said = crm(alpha, "cluster init sbd -S -w %s -y" % WATCHDOG_DEVICE)
    assert "Configuring diskless SBD" in said and "ERROR" not in said, said
    got = configured(alpha)
    assert "SBD_DEVICE" not in got and got["SBD_WATCHDOG_TIMEOUT"] == str(cluster.watchdog_timeout), got
    wait_started(cluster, alpha, ["sbd: inquisitor", "sbd: watcher: Cluster", "sbd: watcher: Pacemaker"])
    got = [setting(alpha, name) for name in ("stonith-enabled", "stonith-watchdog-timeout")]
    assert got == ["true", "-1"], got
    end = time.monotonic() + 2 * cluster.watchdog_timeout
    while time.monotonic() < end:
        assert alpha.is_alive(), "the machine was reset"
        time.sleep(0.5)
    alpha.send("pkill -STOP -x pacemakerd")  # Pacemaker's word is needed now
    took = alpha.wait_end(4 * cluster.msgwait * PATIENCE)
    assert alpha.why_ended() == "guest-reset", alpha.why_ended()
    cluster.say("reset %.1f s after the launcher froze" % took)


STORIES = [crm_cluster_init_sbd_sets_up_a_disk, crm_cluster_init_sbd_sets_up_diskless_mode]


def crmsh_alone(world):
    for needed, package in (("/usr/sbin/crm", "crmsh"), ("/usr/sbin/sshd", "openssh-server"), ("/usr/bin/wdctl", "util-linux")):
        if not os.path.exists(needed):
            raise Skip("%s is not installed (package %s)" % (needed, package))
    if subprocess.run(["dpkg-query", "--status", "sbd"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("crmsh wants a package of the name sbd to be installed")
    cluster = SoloCluster("crmsh", world.build, world.stage, disks=[("sbd", 1 << 20)], quorum="", votes=(1,), watchdogs=("softdog",), names=("alpha",),
                          own_time=True)
    with open(os.path.join(HERE, "../lab/systemctl")) as f:
        cluster.hosts[0].write_file("usr/bin/systemctl", f.read(), 0o755)

    def prepare():
        begin_services(cluster.hosts[0])
        cluster.wait_online()
        cluster.options(stonith_enabled="false")
    return cluster, prepare


GROUPS = [("crmsh", crmsh_alone, STORIES)]
